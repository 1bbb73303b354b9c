/**
 * Independent clients, in a process of its own so that Node takes the test's certificate for
 * trusted (NODE_EXTRA_CA_CERTS). Takes one job over IPC at a time and answers with its outcome.
 */
import { login, type Registered, register } from '../e2e/independent-client.js';

export type Job =
  | {
      readonly do: 'register';
      readonly base: string;
      readonly userId: string;
      readonly pin: number;
    }
  | { readonly do: 'login'; readonly user: Registered; readonly pin: number; readonly ws: boolean };

export interface Outcome {
  readonly value?: unknown;
  readonly error?: string;
}

function run(job: Job): Promise<unknown> {
  return job.do === 'register'
    ? register(job.base, job.userId, job.pin)
    : login(job.user, job.pin, job.ws);
}

process.on('message', (job: Job) => {
  run(job).then(
    (value) => process.send?.({ value } satisfies Outcome),
    (error: unknown) => process.send?.({ error: String(error) } satisfies Outcome),
  );
});
process.on('disconnect', () => process.exit(0));
