/** A share as hex; its bytes are wiped, as they are a secret and no longer needed. */
export function spent(share: Uint8Array): string {
  const hex = Buffer.from(share.buffer, share.byteOffset, share.byteLength).toString('hex');
  share.fill(0);
  return hex;
}
