/**
 * Published permits as objects of a bucket, `<prefix><app_id>/<date>/<storageId>`, of any store
 * that speaks S3. That everybody may read them, from any page (CORS), is the bucket's own policy
 * (README.md): many stores refuse to be told so with each object.
 */
import {
  type _Object,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { startOfDay } from '../../protocol/clock.js';
import {
  dayOfSegment,
  isPublishable,
  isStorageId,
  type PermitPlace,
  type PermitStorage,
  PermitStorageError,
} from './permit-storage.js';

/** Tries of one call within the SDK, which waits between them, longer each time and at random. */
const TRIES = 3;
const CONNECT_MS_MAX = 5_000;
/** A permit is put in some 20 to 100 ms; a listing of 1000 keys takes longer. */
const REQUEST_MS_MAX = 15_000;

export interface BucketOptions {
  readonly permitsBucket: string;
  readonly permitsBucketEndpoint: string;
  readonly permitsBucketRegion: string;
  readonly permitsBucketPrefix: string;
  readonly permitsBucketPathStyle: boolean;
  readonly permitsBucketAccessKeyId: string;
  readonly permitsBucketSecretAccessKey: string;
  readonly permitsBucketConnections: number;
}

export class PermitBucket implements PermitStorage {
  readonly name: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor(options: BucketOptions) {
    this.name = `bucket ${options.permitsBucket}`;
    this.#bucket = options.permitsBucket;
    this.#prefix = options.permitsBucketPrefix;
    this.#client = new S3Client(configOf(options));
  }

  put(place: PermitPlace, share: string): Promise<void> {
    const command = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: this.#key(place),
      Body: Buffer.from(share, 'latin1'),
      ContentType: 'text/plain; charset=utf-8',
      CacheControl: 'public',
      // An object's headers never change: an age would count from when it is read.
      Expires: new Date(startOfDay(place.day + 1)),
    });
    return this.#do(async () => {
      await this.#client.send(command);
    });
  }

  /** What a store has acknowledged, it keeps; to ask for each would cost what putting it does. */
  holds(): Promise<boolean> {
    return Promise.resolve(true);
  }

  remove(place: PermitPlace): Promise<void> {
    const command = new DeleteObjectCommand({ Bucket: this.#bucket, Key: this.#key(place) });
    return this.#do(async () => {
      await this.#client.send(command);
    });
  }

  removeBefore(day: number): Promise<number> {
    return this.#do(async () => {
      let removed = 0;
      for await (const app of this.#below(this.#prefix)) {
        if (!isPublishable(lastOf(app))) continue;
        for await (const folder of this.#below(app)) {
          const found = dayOfSegment(lastOf(folder));
          if (found === undefined || found >= day) continue;
          for await (const { Contents = [] } of this.#list(folder)) {
            removed += await this.#removeAll(Contents);
          }
        }
      }
      return removed;
    });
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  /** Whatever else somebody keeps in the bucket stays. */
  async #removeAll(contents: readonly _Object[]): Promise<number> {
    const keys = contents.map(({ Key = '' }) => Key).filter((key) => isStorageId(lastOf(key)));
    if (keys.length === 0) return 0;
    const { Errors = [] } = await this.#client.send(
      new DeleteObjectsCommand({
        Bucket: this.#bucket,
        Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true },
      }),
    );
    const [first] = Errors;
    if (first !== undefined) throw this.#error(first.Code ?? 'an object was not removed', true);
    return keys.length;
  }

  /** The "folders" in one: prefixes that end in a slash. */
  async *#below(prefix: string): AsyncGenerator<string> {
    for await (const { CommonPrefixes = [] } of this.#list(prefix, '/')) {
      for (const { Prefix } of CommonPrefixes) if (Prefix !== undefined) yield Prefix;
    }
  }

  async *#list(prefix: string, delimiter?: string): AsyncGenerator<ListObjectsV2CommandOutput> {
    let token: string | undefined;
    do {
      const page: ListObjectsV2CommandOutput = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: prefix,
          Delimiter: delimiter,
          ContinuationToken: token,
        }),
      );
      yield page;
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  #key({ appId, day, storageId }: PermitPlace): string {
    return `${this.#prefix}${appId}/${day}/${storageId}`;
  }

  /** Puts refusals into words. The SDK's own may quote what was sent. */
  async #do<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof PermitStorageError) throw error;
      const { name, code, $metadata } = error as {
        readonly name: string;
        readonly code?: string;
        readonly $metadata?: { readonly httpStatusCode?: number };
      };
      const status = $metadata?.httpStatusCode;
      const why = code ?? name;
      throw this.#error(status === undefined ? why : `${why} (${status})`, isRefusal(status, why));
    }
  }

  #error(why: string, lasting: boolean): PermitStorageError {
    const hint = HINTS.find(([form]) => form.test(why))?.[1];
    return new PermitStorageError(
      `${this.name}: ${why}${hint === undefined ? '' : `: ${hint}`}`,
      lasting,
    );
  }
}

/** Where an operator looks first. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/^SignatureDoesNotMatch/, 'check permitsBucketSecretAccessKey'],
  [/^InvalidAccessKeyId/, 'check permitsBucketAccessKeyId'],
  [/^CredentialsProviderError/, 'set permitsBucketAccessKeyId and permitsBucketSecretAccessKey'],
  [/^NoSuchBucket/, 'make it, or check permitsBucket and permitsBucketEndpoint'],
  [/^AccessDenied/, 'the key must be allowed to list the bucket, to put and to delete objects'],
  [/^(PermanentRedirect|AuthorizationHeaderMalformed)/, 'check permitsBucketRegion'],
  [/^RequestTimeTooSkewed/, 'check the clock of this machine'],
  [/^ECONNREFUSED|^ENOTFOUND|^EAI_/, 'check permitsBucketEndpoint'],
];

/** 4xx say that the request is wrong, but for "too slow" and "too often". */
function isRefusal(status: number | undefined, why: string): boolean {
  if (status === undefined) return why === 'CredentialsProviderError';
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

function configOf(options: BucketOptions): S3ClientConfig {
  const { permitsBucketEndpoint: endpoint, permitsBucketConnections: maxSockets } = options;
  const accessKeyId = options.permitsBucketAccessKeyId;
  const secretAccessKey = options.permitsBucketSecretAccessKey;
  return {
    region: options.permitsBucketRegion,
    ...(endpoint === '' ? {} : { endpoint }),
    forcePathStyle: options.permitsBucketPathStyle,
    // Without them the SDK looks where AWS puts them: environment, profile, role of the machine.
    ...(accessKeyId === '' ? {} : { credentials: { accessKeyId, secretAccessKey } }),
    maxAttempts: TRIES,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: CONNECT_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      httpAgent: { keepAlive: true, maxSockets },
      httpsAgent: { keepAlive: true, maxSockets },
    },
    // Older stores do not know the checksums that newer ones of AWS prefer.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  };
}

/** The last part of a key or a prefix. */
function lastOf(key: string): string {
  return key.replace(/\/$/, '').split('/').at(-1) ?? '';
}
