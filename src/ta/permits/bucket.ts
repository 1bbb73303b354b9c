/**
 * Published permits as objects of a bucket, `<prefix><app_id>/<date>/<storageId>`, of any store
 * that speaks S3. That everybody may read them, from any page (CORS), is the bucket's own policy
 * (README.md): many stores refuse to be told so with each object.
 */
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { startOfDay } from '../../protocol/clock.js';
import {
  type PermitPlace,
  type PermitStorage,
  PermitStorageError,
  placeOf,
} from './permit-storage.js';

/** Tries of one call within the SDK, which waits between them, longer each time and at random. */
const TRIES = 3;
const CONNECT_MS_MAX = 5_000;
/** A permit is put in some 20 to 100 ms; a listing of 1000 keys takes longer. */
const REQUEST_MS_MAX = 15_000;
/** What one listing gives, and one removal takes: the most that S3 knows. */
const KEYS_AT_ONCE = 1000;
/** Sorts after all digits. */
const BEHIND_DIGITS = ':';

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

  /** @param requestMsMax for one request of a call, in milliseconds */
  constructor(options: BucketOptions, requestMsMax = REQUEST_MS_MAX) {
    this.name = `bucket ${options.permitsBucket}`;
    this.#bucket = options.permitsBucket;
    this.#prefix = options.permitsBucketPrefix;
    this.#client = new S3Client(configOf(options, requestMsMax));
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

  /**
   * Keys come in the order of application and day, and days have five digits each: those past are
   * first, and behind them a listing skips to the next application.
   */
  removeBefore(day: number): Promise<number> {
    return this.#do(async () => {
      let removed = 0;
      let after: string | undefined = '';
      while (after !== undefined) {
        const page = await this.#list(after);
        const past: string[] = [];
        after = page.at(-1);
        for (const key of page) {
          // Whatever else somebody keeps in the bucket stays.
          const place = this.#placeOf(key);
          if (place === undefined) continue;
          if (place.day >= day) {
            after = `${this.#prefix}${place.appId}/${BEHIND_DIGITS}`;
            break;
          }
          past.push(key);
        }
        removed += await this.#removeAll(past);
      }
      return removed;
    });
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  async #removeAll(keys: readonly string[]): Promise<number> {
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

  /** At most 1000 keys behind `after`, in their order. */
  async #list(after: string): Promise<string[]> {
    const { Contents = [] } = await this.#client.send(
      new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: this.#prefix,
        MaxKeys: KEYS_AT_ONCE,
        ...(after === '' ? {} : { StartAfter: after }),
      }),
    );
    return Contents.flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
  }

  #placeOf(key: string): PermitPlace | undefined {
    const parts = key.slice(this.#prefix.length).split('/');
    return parts.length === 3 ? placeOf(...parts) : undefined;
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

function configOf(options: BucketOptions, requestMsMax: number): S3ClientConfig {
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
      requestTimeout: requestMsMax,
      // Without it the SDK only warns, and a store that never answers would hold us for ever.
      throwOnRequestTimeout: true,
      // Of an answer that has begun, between two parts of it.
      socketTimeout: requestMsMax,
      httpAgent: { keepAlive: true, maxSockets },
      httpsAgent: { keepAlive: true, maxSockets },
    },
    // Older stores do not know the checksums that newer ones of AWS prefer.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  };
}
