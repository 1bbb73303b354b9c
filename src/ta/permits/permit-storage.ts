/** Where published permits lie: what a folder, a bucket and whatever else have in common. */

/** Names one permit, as the last three parts of its address do (contract §4.5). */
export interface PermitPlace {
  readonly appId: string;
  /** Days since 1970-01-01 UTC. */
  readonly day: number;
  /** hash_mpin_id, 64 lower-case hex. */
  readonly storageId: string;
}

/** An identity of an application, whatever the day. */
export type Identity = Pick<PermitPlace, 'appId' | 'storageId'>;

/** All calls reject with {@link PermitStorageError}. */
export interface PermitStorage {
  /** For messages. */
  readonly name: string;
  /** Puts a share (130 hex) there, or in the place of another, so that no reader sees a part. */
  put(place: PermitPlace, share: string): Promise<void>;
  /** False when something that was put is known to be gone. */
  holds(place: PermitPlace): Promise<boolean>;
  /** Also when there is none. */
  remove(place: PermitPlace): Promise<void>;
  /** Removes all days before this one; resolves with the number of permits. */
  removeBefore(day: number): Promise<number>;
  close(): Promise<void>;
}

/** What went wrong, fit for an operator's eyes. */
export class PermitStorageError extends Error {
  /** True when trying again cannot help: somebody must change something first. */
  readonly lasting: boolean;

  constructor(message: string, lasting: boolean) {
    super(message);
    this.name = 'PermitStorageError';
    this.lasting = lasting;
  }
}

/** Days from 1997 to 2243: a folder of that name is one of permits, `2024` is somebody else's. */
const DAY_FORM = /^[1-9]\d{4}$/;
const STORAGE_ID_FORM = /^[0-9a-f]{64}$/;
const SHARE_FORM = /^[0-9a-f]{130}$/;
/** What is one segment of a path and of a URL as it stands, and hides nothing. */
const APP_ID_FORM = /^\w[\w.-]{0,127}$/;

/**
 * False for an app_id that would be several segments of a path, or another one after escaping.
 * Ours never are; clients of such an application ask the hosted side for each permit.
 */
export function isPublishable(appId: string): boolean {
  return APP_ID_FORM.test(appId);
}

export function isStorageId(text: string): boolean {
  return STORAGE_ID_FORM.test(text);
}

/** True for what clients take for a permit; a file cut short is none. */
export function isShare(text: string): boolean {
  return SHARE_FORM.test(text);
}

/** The day that a segment of a path names. */
export function dayOfSegment(segment: string): number | undefined {
  return DAY_FORM.test(segment) ? Number(segment) : undefined;
}

/** The place that the segments of an address name; undefined when nothing can be there. */
export function placeOf(appId = '', day = '', storageId = ''): PermitPlace | undefined {
  const number = dayOfSegment(day);
  const hash = storageId.toLowerCase();
  if (number === undefined || !isPublishable(appId) || !isStorageId(hash)) return undefined;
  return { appId, day: number, storageId: hash };
}
