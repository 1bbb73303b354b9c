/** Options of `mpin bench`. */
import { bool, int, list, type OptionTable, text } from './option.js';

/** What can be run against a server that goes on living: wrong PINs would lock its identities. */
export const BENCH_SCENARIOS = ['login-rest', 'login-ws', 'register', 'pass1-only'] as const;

export const benchOptions = {
  url: text('http://127.0.0.1:8005', 'Where the relying party is; identities register there first'),
  rpsUrl: text(
    '',
    'The RPS itself, as http://127.0.0.1:8011: load goes straight to it, and logins end at its ' +
      'private /authenticate; empty goes the way of browsers, through the relying party',
  ),
  scenario: list(['login-rest', 'login-ws'], `What to run: ${BENCH_SCENARIOS.join(', ')}`),
  seconds: int(10, 'seconds', 'Length of each counted phase: capacity, then latency', {
    min: 1,
    max: 86_400,
  }),
  connections: int(64, 'clients', 'Clients that log in without pause to find the capacity', {
    min: 1,
    max: 10_000,
  }),
  identities: int(50, 'identities', 'Identities that are registered and log in by turns', {
    min: 1,
    max: 10_000,
  }),
  processes: int(1, 'processes', 'Processes that make the load; each can use a core', {
    min: 1,
    max: 256,
  }),
  json: bool(false, 'Only JSON lines on stdout'),
  plot: text('', 'File the latency curves are drawn into, as SVG'),
  yesLoadThisHost: bool(false, 'Needed to load a server on another machine: be sure it is yours'),
} as const satisfies OptionTable;
