/** Time permit shares of one identity as bytes: day and share, one after the other. */

const DAY_BYTES = 4;
const SHARE_BYTES = 65;
const ENTRY_BYTES = DAY_BYTES + SHARE_BYTES;

export function encodePermits(permits: ReadonlyMap<number, string>): Buffer {
  const bytes = Buffer.alloc(permits.size * ENTRY_BYTES);
  let at = 0;
  for (const [day, share] of permits) {
    bytes.writeUInt32BE(day, at);
    bytes.write(share, at + DAY_BYTES, 'hex');
    at += ENTRY_BYTES;
  }
  return bytes;
}

/** By day, in lower-case hex. */
export function decodePermits(payload: Buffer): Map<number, string> {
  const permits = new Map<number, string>();
  for (let at = 0; at < payload.length; at += ENTRY_BYTES) {
    const share = payload.toString('hex', at + DAY_BYTES, at + ENTRY_BYTES);
    permits.set(payload.readUInt32BE(at), share);
  }
  return permits;
}
