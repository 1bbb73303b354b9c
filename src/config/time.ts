/** Options of the clock, for the roles that ask the hosted side for the time (contract §10). */
import { bool, int, type OptionTable } from './option.js';

/** The longest wait a timer of Node can be set to. */
const TIMER_MS_MAX = 2_147_483_647;

export const timeOptions = {
  syncTime: bool(
    true,
    'Correct the clock by the time of the hosted side (<api_url>time). Off, the host must keep ' +
      'its clock right itself, by NTP: signatures live a minute and time permits a day',
    { dynamic: true },
  ),
  timePeriod: int(86_400_000, 'ms', 'Time from one such correction to the next; 0 for only one', {
    min: 0,
    max: TIMER_MS_MAX,
    dynamic: true,
  }),
  timeOffsetMax: int(
    86_400_000,
    'ms',
    'Largest difference that is believed; beyond it the host’s clock is used as it is. It bounds ' +
      'what a false answer can do to permits and signatures',
    { min: 1000, max: 31_536_000_000, dynamic: true },
  ),
} as const satisfies OptionTable;

/** Whether one of them is among the names. */
export function concernsTime(names: ReadonlySet<string>): boolean {
  return Object.keys(timeOptions).some((name) => names.has(name));
}
