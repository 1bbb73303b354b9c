/** What names of people may hold: they end on pages and in mails of others. */

/** The longest e-mail address; MPIN_ID_BYTES_MAX is made for it. In UTF-16 units. */
export const USER_ID_LENGTH_MAX = 254;

/** Characters that would become markup on a page that shows the name (contract §13, 24). */
const UNSAFE_IN_NAME = /[\p{Cc}\p{Cs}<>&"']/u;

/** Whether a name can be shown anywhere as it is; the empty one is none. */
export function isUserId(text: string): boolean {
  return text !== '' && text.length <= USER_ID_LENGTH_MAX && !UNSAFE_IN_NAME.test(text);
}
