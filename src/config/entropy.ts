/** Options of randomness (contract §10), in the old servers' syntax. */
import { type OptionsOf, type OptionTable, text, url } from './option.js';

/** Both name the operating system's generator, which everything is drawn from anyway. */
const SYSTEM_SOURCES = ['dev_urandom', 'dev_random'] as const;
/** A service that answers `<entropyURL>/<n>/hex` with n bytes. */
const SERVICE_SOURCE = 'certivox';
const SOURCES: readonly string[] = [...SYSTEM_SOURCES, SERVICE_SOURCE];

/** The shares of a setting add up to so much: percent in the documents, bytes in the servers. */
const TOTAL = 100;

export const entropyOptions = {
  EntropySources: text(
    `${SYSTEM_SOURCES[0]}:${TOTAL}`,
    `Sources of randomness as name:percent,… (${SOURCES.join(', ')}). All of them are mixed into ` +
      'the operating system’s generator and none ever replaces it',
    { check: entropyFault },
  ),
  entropyURL: url(
    '',
    `Service behind the source ${SERVICE_SOURCE}, asked once at the start for ` +
      '<entropyURL>/<n>/hex. The public one of old is gone: empty leaves the source out, with ' +
      'a warning',
  ),
} as const satisfies OptionTable;

export type EntropyOptions = OptionsOf<typeof entropyOptions>;

/** How many bytes a valid setting wants from the service; 0 for none. */
export function serviceBytes({ EntropySources }: EntropyOptions): number {
  const ours = sharesOf(EntropySources).filter(({ name }) => name === SERVICE_SOURCE);
  return ours.reduce((sum, { amount }) => sum + amount, 0);
}

function entropyFault(setting: string): string | undefined {
  const shares = sharesOf(setting);
  const foreign = shares.find(({ name }) => !SOURCES.includes(name));
  if (foreign !== undefined) {
    return `"${foreign.name}" is none of the sources ${SOURCES.join(', ')}`;
  }
  const total = shares.reduce((sum, { amount }) => sum + amount, 0);
  return total === TOTAL ? undefined : `the shares must be whole numbers that add up to ${TOTAL}`;
}

/** A source without a number gives everything; what is no number becomes NaN. */
function sharesOf(setting: string): { readonly name: string; readonly amount: number }[] {
  return setting
    .split(',')
    .map((share) => share.trim())
    .filter((share) => share !== '')
    .map((share) => {
      const [name = '', amount = `${TOTAL}`, ...rest] = share.split(':').map((part) => part.trim());
      const sound = rest.length === 0 && /^[1-9]\d{0,2}$/.test(amount);
      return { name, amount: sound ? Number(amount) : Number.NaN };
    });
}
