/** What a client keeps between runs. A token alone opens nothing: its PIN is missing from it. */

/** The hosted share of a day's time permit, so that one login a day asks for it. */
export interface CachedPermit {
  /** Days since 1970-01-01 UTC. */
  readonly date: number;
  /** 130 hex. */
  readonly share: string;
}

export interface StoredIdentity {
  /** Present once a PIN is set. */
  readonly ready?: {
    readonly mpinId: string;
    /** 130 hex. Secret. */
    readonly token: string;
    readonly permit?: CachedPermit;
    /** Wrong PINs since the last right one; the server counts too, and decides. */
    readonly wrongPins?: number;
  };
  /** Present while a registration waits for its confirmation. */
  readonly pending?: {
    readonly mpinId: string;
    /** Secret. */
    readonly regOTT: string;
  };
  /** What the person calls the device this was registered from. */
  readonly deviceName?: string;
}

/** Names an identity: one user at one server. */
export interface IdentityKey {
  readonly baseUrl: string;
  readonly userId: string;
}

export interface IdentityStorage {
  load(key: IdentityKey): Promise<StoredIdentity | undefined>;
  save(key: IdentityKey, identity: StoredIdentity): Promise<void>;
  remove(key: IdentityKey): Promise<void>;
}
