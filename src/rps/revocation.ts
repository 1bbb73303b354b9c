/**
 * Whether an identity may still be used (contract §13, 12). A time permit of the day, once fetched,
 * stays good for its day, and stored ones are fetched without us: so a login asks again at its end.
 */
import type { Awaitable } from '../store/store.js';
import type { RpsParts } from './parts.js';

/** A login with the right PIN. */
export interface RightLogin {
  readonly mpinId: string;
  /** Our own revocation. */
  readonly revoked: boolean;
  readonly peer: string;
}

export type RevocationParts = Pick<RpsParts, 'options' | 'store' | 'rpa' | 'audit'>;

/** What a time permit is refused with: all clients read it as "revoked", and delete nothing. */
const REVOKED_PERMIT = 410;
/** What a login with the right PIN is refused with: no client deletes anything on it. */
export const REVOKED_LOGIN = 403;

/**
 * The status that refuses a time permit: by our own revocation, or by the RPA. Undefined when the
 * identity may have one. Throws HttpError 500 when the RPA cannot tell.
 */
export async function permitRefusal(
  { store, rpa, options, audit }: RevocationParts,
  mpinId: string,
  peer: string,
): Promise<number | undefined> {
  const refused = { event: 'revocation', mpinId, peer, ok: false } as const;
  if (await store.revoked(mpinId)) {
    audit({ ...refused, how: 'permit of a revoked identity' });
    return REVOKED_PERMIT;
  }
  const said = await rpa.permitUser(mpinId);
  if (said === 200) return undefined;
  audit({ ...refused, how: 'permit refused by the RPA' });
  return options.permitStatusOfRPA ? said : REVOKED_PERMIT;
}

/**
 * Whether a right PIN counts for nothing, because its identity is revoked: by us, as `revoked`
 * says, or by the RPA, which is asked where option permitAtAuthenticate says so. Rejects with
 * HttpError 500 when it cannot tell.
 */
export function isNoLongerPermitted(
  { rpa, options, audit }: RevocationParts,
  { mpinId, revoked, peer }: RightLogin,
): Awaitable<boolean> {
  const refused = { event: 'revocation', mpinId, peer, ok: false } as const;
  if (revoked) audit({ ...refused, how: 'login of a revoked identity' });
  if (revoked || !options.permitAtAuthenticate) return revoked;
  return rpa.permitUser(mpinId).then((said) => {
    if (said !== 200) audit({ ...refused, how: 'login refused by the RPA' });
    return said !== 200;
  });
}
