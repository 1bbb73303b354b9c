import type { Registration, Store } from '../../store.js';
import type { Connection } from '../connection.js';
import { type Keys, placeOfIdentity } from '../keys.js';
import { ACTIVATE, DROP_ISSUED, MARK_ISSUED, PUT_REGISTRATION } from '../scripts/registration.js';
import { flag } from './flag.js';

/** What can change in the life of a registration, each in a field of its own. */
type Changing = 'active' | 'activations' | 'issued';

type RegistrationVerbs = Pick<
  Store,
  'putRegistration' | 'registration' | 'activate' | 'markIssued' | 'dropRegistration'
>;

export function registrationVerbs(
  redis: Connection,
  keys: Keys,
  now: () => number,
): RegistrationVerbs {
  const keyOf = (mpinId: string) => keys.of('registration', placeOfIdentity(mpinId));
  return {
    async putRegistration(registration) {
      const { active, activations, issued, ...data } = registration;
      const lifeMs = Math.ceil(registration.expiresAtMs - now());
      const values = [JSON.stringify(data), flag(active), activations, flag(issued), lifeMs];
      await redis.run(PUT_REGISTRATION, [keyOf(data.mpinId)], values);
    },

    async registration(mpinId) {
      const fields = ['data', 'active', 'activations', 'issued'];
      const values = (await redis.call('hmget', keyOf(mpinId), ...fields)) as (Buffer | null)[];
      const [data, active, activations, issued] = values.map((value) => value?.toString());
      if (data === undefined) return undefined;
      return {
        ...(JSON.parse(data) as Omit<Registration, Changing>),
        active: active === '1',
        activations: Number(activations),
        issued: issued === '1',
      };
    },

    async activate(mpinId) {
      return (await redis.run(ACTIVATE, [keyOf(mpinId)], [])) === 1;
    },

    async markIssued(mpinId) {
      return (await redis.run(MARK_ISSUED, [keyOf(mpinId)], [])) === 1;
    },

    async dropRegistration(mpinId, onlyIssued) {
      if (onlyIssued) await redis.run(DROP_ISSUED, [keyOf(mpinId)], []);
      else await redis.call('del', keyOf(mpinId));
    },
  };
}
