/** The phone: which screen to log in, the PIN, and the end of that session. */
import type { RemoteLogout } from '../../../client/approve.js';
import { el } from '../../ui/dom.js';
import { busy, type Flow, type Screen, say } from '../flow.js';
import {
  backBar,
  emblem,
  form,
  heading,
  messageLine,
  primary,
  secondary,
  tell,
  whoBar,
} from '../parts.js';
import { scan } from '../scanner.js';
import { focusOf } from './identities.js';
import { pinScreen } from './login.js';

/** Longest access number that any server gives. */
const NUMBER_LENGTH_MAX = 12;

/** What a QR code of ours says: an address with the other screen's code after the `#`. */
export function codeInUrl(text: string): string | undefined {
  return /#([0-9a-f]{32})$/.exec(text)?.[1];
}

/** Asks which screen is to be logged in. */
export function codeScreen(flow: Flow, userId: string, notice = ''): Screen {
  const line = messageLine(notice);
  const input = el('input', {
    type: 'text',
    name: 'number',
    inputmode: 'numeric',
    autocomplete: 'one-time-code',
    maxlength: NUMBER_LENGTH_MAX,
    class: 'number',
    dir: 'ltr',
    'aria-describedby': 'message',
  });
  input.addEventListener('input', () => {
    line.textContent = '';
  });
  const take = async (): Promise<void> => {
    const number = input.value.replace(/\D/g, '');
    if (await flow.client.isAccessNumber(number)) {
      flow.code = { code: number, app: '' };
      flow.go.login(userId);
    } else {
      tell(flow, line, say(flow, 'codeInvalid'));
      input.focus();
    }
  };
  const submit = (): void => void busy(flow, body, { run: take });
  const label = el('span', { class: 'label' }, say(flow, 'codeNumber'));
  const body = form(
    submit,
    heading(say(flow, 'codeTitle'), say(flow, 'codeText')),
    el('label', { class: 'field' }, label, input),
    line,
    el('span', { class: 'grow' }),
    primary(say(flow, 'codeGo')),
    secondary(say(flow, 'codeScan'), () => flow.go.scan(userId), 'scan'),
  );
  return { name: 'code', content: [whoBar(flow, userId), body], focus: input };
}

/** Looks for a QR code with the camera. */
export function scanScreen(flow: Flow, userId: string): Screen {
  const video = el('video', { playsinline: true, muted: true, 'aria-hidden': 'true' });
  const title = heading(say(flow, 'scanTitle'), say(flow, 'scanText'));
  const stopping = new AbortController();
  const read = async (): Promise<void> => {
    const wid = await scan(video, codeInUrl, stopping.signal);
    if (wid === undefined) return;
    await takeCode(flow, wid);
    flow.go.login(userId);
  };
  void read().catch(() => flow.go.code(userId, say(flow, 'scanDenied')));
  const body = el(
    'div',
    { class: 'body' },
    title,
    el('div', { class: 'camera' }, video),
    el('span', { class: 'grow' }),
    secondary(say(flow, 'codeNumber'), () => flow.go.code(userId)),
  );
  const back = backBar(flow, () => flow.go.code(userId));
  return {
    name: 'scan',
    content: [back, body],
    focus: focusOf(title),
    leave: () => stopping.abort(),
  };
}

/** Takes the code of a scan or of the page's address, and tells the other screen so. */
export async function takeCode(flow: Flow, wid: string): Promise<void> {
  const { name: app } = await flow.client.announceScan(wid);
  flow.code = { code: wid, app };
}

/** The PIN for the other screen. */
export function approveScreen(flow: Flow, userId: string, notice?: string): Screen {
  const { code = '', app = '' } = flow.code ?? {};
  if (code.length > NUMBER_LENGTH_MAX) void flow.client.announceUser(code, userId);
  const prove = async (pin: string): Promise<void> => {
    const logout = await flow.client.approve({ userId, pin, code });
    flow.code = undefined;
    flow.emit('mpin-approved', { userId });
    flow.show(approvedScreen(flow, userId, logout));
  };
  const note = app === '' ? undefined : say(flow, 'codeFor', { app });
  return pinScreen(
    flow,
    userId,
    {
      button: say(flow, 'loginGo'),
      note,
      prove,
      failed: ({ code: failure }) => {
        if (failure !== 'wrong-number' && failure !== 'expired') return false;
        flow.code = undefined;
        flow.go.code(userId, flow.texts.errors[failure]);
        return true;
      },
      other: secondary(say(flow, 'back'), () => {
        flow.code = undefined;
        flow.go.code(userId);
      }),
    },
    notice,
  );
}

function approvedScreen(flow: Flow, userId: string, logout: RemoteLogout | undefined): Screen {
  const title = heading(say(flow, 'approvedTitle'), say(flow, 'approvedText', { user: userId }));
  const line = messageLine('', 'calm');
  const out = (remote: RemoteLogout): Promise<void> =>
    busy(flow, body, {
      run: async () => {
        await flow.client.logoutRemotely(remote);
        button.hidden = true;
        tell(flow, line, say(flow, 'approvedOut'));
      },
    });
  const button = primary(say(flow, 'approvedLogout'), { class: 'primary danger' });
  button.hidden = logout === undefined;
  const body = form(
    () => {
      if (logout !== undefined) void out(logout);
    },
    emblem('check', 'good'),
    title,
    line,
    el('span', { class: 'grow' }),
    button,
    secondary(say(flow, 'approvedMore'), () => flow.go.code(userId)),
  );
  return { name: 'approved', content: [whoBar(flow, userId), body], focus: focusOf(title) };
}
