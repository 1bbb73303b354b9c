/** Activation links by e-mail. */
import { isIP } from 'node:net';
import { createTransport } from 'nodemailer';
import type { Logger } from 'pino';
import type { RpaOptions } from '../config/rpa.js';
import { HttpError } from '../http/call.js';
import type { Clock } from '../protocol/clock.js';
import type { Invitation } from './activation.js';
import { MailRate } from './mail-rate.js';
import { type Brand, html } from './pages.js';

export interface MailParts {
  readonly options: Pick<
    RpaOptions,
    | 'emailSender'
    | 'emailSubject'
    | 'smtpServer'
    | 'smtpPort'
    | 'smtpUseTLS'
    | 'smtpUser'
    | 'smtpPassword'
  >;
  readonly brand: Brand;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Mailer {
  /** Resolves when the mail server has taken the mail; throws HttpError otherwise. */
  send(invitation: Invitation): Promise<void>;
  close(): void;
}

/** Some mails a second go through one connection; more at once and servers suspect us. */
const CONNECTIONS_MAX = 4;
/** Mails that wait for a connection: each has a person waiting, for seconds. */
const WAITING_MAX = 100;
/** Longest silence of the mail server at each step, in milliseconds. */
const STEP_MS_MAX = 5_000;
/** Longest wait altogether, in milliseconds: the RPS, which waits for us, allows 10 s. */
const SEND_MS_MAX = 8_000;
/** RFC 5321 §4.5.3.1, in characters. */
const ADDRESS_LENGTH_MAX = 254;
/** One address and nothing that could be read as more of them, or as a header. */
const ADDRESS_FORM = /^[^\s\p{Cc}@<>()[\]\\,;:"]+@[^\s\p{Cc}@<>()[\]\\,;:"]+$/u;
/** TLS from the first byte (RFC 8314). */
const SUBMISSIONS_PORT = 465;

export function createMailer({ options, brand, clock, log }: MailParts): Mailer {
  const transport = openTransport(options);
  const rate = new MailRate(clock);
  let waiting = 0;
  return {
    async send(invitation) {
      const { userId } = invitation;
      if (userId.length > ADDRESS_LENGTH_MAX || !ADDRESS_FORM.test(userId)) {
        throw new HttpError(400, 'Register with your e-mail address: a link is sent there');
      }
      if (waiting >= WAITING_MAX) throw new HttpError(503, 'Too many mails at once');
      if (!rate.take(userId)) {
        throw new HttpError(429, 'Enough mails were sent to this address: look there, or wait');
      }
      waiting += 1;
      try {
        const sending = transport.sendMail({
          from: options.emailSender,
          // As an object it is taken as it is: a text would be read as a list of addresses.
          to: { name: '', address: userId },
          subject: options.emailSubject,
          ...contentOf(invitation, brand),
        });
        await withinTime(sending);
      } catch (error) {
        throw refusal(error, log);
      } finally {
        waiting -= 1;
      }
    },
    close: () => transport.close(),
  };
}

function openTransport(options: MailParts['options']) {
  const { smtpServer: host, smtpPort: port, smtpUser: user, smtpPassword: pass } = options;
  const secure = port === SUBMISSIONS_PORT;
  // A password goes to a server that has proved its name, and to nobody else. Otherwise mails
  // travel as between mail servers: encrypted where that is offered, by whomever.
  const strict = options.smtpUseTLS || secure || user !== '';
  return createTransport({
    pool: true,
    maxConnections: CONNECTIONS_MAX,
    host,
    port,
    secure,
    requireTLS: strict && !secure,
    tls: {
      minVersion: 'TLSv1.2',
      rejectUnauthorized: strict,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    },
    ...(user === '' ? {} : { auth: { user, pass } }),
    dnsTimeout: STEP_MS_MAX,
    connectionTimeout: STEP_MS_MAX,
    greetingTimeout: STEP_MS_MAX,
    socketTimeout: STEP_MS_MAX,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

function contentOf({ userId, link, device, expireTime }: Invitation, { name }: Brand) {
  const asked = `Someone, hopefully you, has asked to log in to ${name} as ${userId}`;
  const until = `${expireTime.slice(0, 'YYYY-MM-DDTHH:MM'.length).replace('T', ' ')} (UTC)`;
  const otherwise = 'If it was not you, do nothing: without your click nobody gets in.';
  const text = `${asked} with a ${device}.

Open this page and confirm it there:

${link}

The link is good until ${until}. ${otherwise}
`;
  const { html: page } = html`<p>${asked} with a ${device}.</p>
<p><a href="${link}">Open this page</a> and confirm it there.</p>
<p>The link is good until ${until}. ${otherwise}</p>
`;
  return { text, html: page };
}

async function withinTime(sending: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), SEND_MS_MAX);
  });
  // When it is late its own end interests nobody any more.
  sending.catch(() => undefined);
  await Promise.race([sending, late]).finally(() => clearTimeout(timer));
}

/** What the mail server refuses about the address is the person's to mend, all else is ours. */
function refusal(error: unknown, log: Logger): HttpError {
  const { code, responseCode, command } = error as {
    code?: string;
    responseCode?: number;
    command?: string;
  };
  if (command === 'RCPT TO' && responseCode !== undefined && responseCode >= 500) {
    return new HttpError(400, 'The mail server does not take mails to this address');
  }
  // Neither the address nor the words of the server, which may quote it.
  log.error({ code, responseCode }, 'an activation mail could not be sent');
  return new HttpError(502, 'The activation mail could not be sent');
}
