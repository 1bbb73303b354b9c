/** Who is known on this device, and how somebody is forgotten. */
import type { IdentitySummary } from '../../sdk/browser-storage.js';
import { el } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { type Flow, type Screen, say } from '../flow.js';
import { avatar, backBar, emblem, form, heading, primary, secondary } from '../parts.js';

export function identitiesScreen(flow: Flow, identities: readonly IdentitySummary[]): Screen {
  const title = heading(say(flow, 'identitiesTitle'));
  const list = el('ul', { class: 'identities' }, ...identities.map((one) => row(flow, one)));
  const phone = flow.policy.byPhone
    ? secondary(say(flow, 'loginPhone'), () => flow.go.phone(), 'phone')
    : undefined;
  const foot = el(
    'footer',
    {},
    secondary(say(flow, 'identitiesAdd'), () => flow.go.add(), 'plus'),
    phone,
  );
  return { name: 'identities', content: [title, list, foot], focus: focusOf(title) };
}

function row(flow: Flow, { userId, state, deviceName }: IdentitySummary): HTMLElement {
  const note = state === 'pending' ? say(flow, 'identitiesPending') : deviceName;
  const choose = (): void => {
    if (state === 'pending') flow.go.confirm(userId);
    else if (flow.options.mobile === true) flow.go.code(userId);
    else flow.go.login(userId);
  };
  const words = el(
    'span',
    { class: 'words' },
    el('span', { class: 'name', dir: 'auto' }, userId),
    note === undefined ? undefined : el('small', {}, note),
  );
  const label = say(flow, 'identitiesRemove', { user: userId });
  return el(
    'li',
    {},
    el('button', { type: 'button', class: 'identity', click: choose }, avatar(userId), words),
    el(
      'button',
      { type: 'button', class: 'forget', 'aria-label': label, click: () => flow.go.remove(userId) },
      icon('remove'),
    ),
  );
}

export function removeScreen(flow: Flow, userId: string): Screen {
  const title = heading(say(flow, 'removeTitle'), say(flow, 'removeText', { user: userId }));
  const remove = async (): Promise<void> => {
    await flow.client.removeIdentity(userId);
    await flow.go.start();
  };
  const body = form(
    () => void remove(),
    emblem('remove', 'bad'),
    title,
    el('span', { class: 'grow' }),
    primary(say(flow, 'removeYes'), { class: 'primary danger' }),
    secondary(say(flow, 'removeNo'), () => void flow.go.identities()),
  );
  const back = backBar(flow, () => void flow.go.identities());
  return { name: 'remove', content: [back, body], focus: focusOf(title) };
}

/** A new screen is read from its title on. */
export function focusOf(title: HTMLElement): HTMLElement {
  return title.querySelector('h2') ?? title;
}
