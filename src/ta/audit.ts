/**
 * Who has asked the hosted side for what, and got it or not: a line of JSON for each question. No
 * share, key or signature is ever in it. An identity is named by its hash_mpin_id, which is the
 * public name of its permits, and from which nobody can tell the identity.
 */
import { type Logger, pino } from 'pino';
import { HttpError } from '../http/call.js';

/** Lines that wait for a disk with room, as text: some ten thousand. */
const WAITING_CHARS_MAX = 2 ** 21;

export interface AuditEvent {
  readonly event: string;
  /** As claimed; proven when the status is 200, 410 or 429. */
  readonly application?: string | undefined;
  readonly identity?: string | undefined;
  readonly peer: string;
}

export interface Audit {
  /** Writes the line once it is known what became of it. */
  of<T>(event: AuditEvent, work: () => T | Promise<T>): Promise<T>;
}

/**
 * @param file appended to, mode 600; '' writes to the log of the process
 */
export function openAudit(file: string, log: Logger): Audit {
  const lines = file === '' ? log.child({ part: 'audit' }) : auditFile(file, log);
  return {
    async of(event, work) {
      try {
        const result = await work();
        lines.info({ ...event, status: 200 }, 'audit');
        return result;
      } catch (error) {
        const known = error instanceof HttpError;
        const { status, message } = known ? error : { status: 500, message: 'failed' };
        lines.info({ ...event, status, why: message }, 'audit');
        throw error;
      }
    },
  };
}

/**
 * Written at once: a line that an answer was given for is not lost with the process. Where the disk
 * does not take it, it waits for the next one, and nobody is refused for it: the service would be
 * a full disk's.
 */
function auditFile(file: string, log: Logger): Logger {
  const destination = pino.destination({
    dest: file,
    mkdir: true,
    mode: 0o600,
    sync: true,
    maxLength: WAITING_CHARS_MAX,
  });
  let said = '';
  destination.on('error', ({ message }: Error) => {
    if (message !== said) log.error({ file }, `audit lines wait: ${message}`);
    said = message;
  });
  destination.on('drop', () => {
    if (said !== 'lost') log.error({ file }, 'audit lines are lost: too many wait');
    said = 'lost';
  });
  return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}
