/** The log and its silence about secrets; the life and the end of a role's process. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { createLog, LOG_LEVELS } from '../../src/ops/log.js';

function logger(level: string) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { log: createLog({ level, name: 'rps', destination }), lines };
}

t.test('the level names of the old servers mean what they meant', async (t) => {
  const heard = (level: string) => {
    const { log, lines } = logger(level);
    for (const name of ['debug', 'info', 'warn', 'error', 'fatal'] as const) log[name](name);
    return lines.map((line) => JSON.parse(line).msg);
  };
  t.same(heard('CRITICAL'), ['fatal']);
  t.same(heard('ERROR'), ['error', 'fatal']);
  t.same(heard('WARNING'), ['warn', 'error', 'fatal']);
  t.same(heard('WARN'), heard('WARNING'));
  t.same(heard('info'), ['info', 'warn', 'error', 'fatal']);
  t.equal(heard('Debug').length, 5);
  t.same(LOG_LEVELS, ['CRITICAL', 'ERROR', 'WARNING', 'WARN', 'INFO', 'DEBUG', 'ALL']);
  for (const level of ['', 'verbose', 'constructor']) {
    t.throws(() => logger(level), {
      message: `logLevel "${level}" is none of CRITICAL, ERROR, WARNING, WARN, INFO, DEBUG, ALL`,
    });
  }
});

t.test('a secret is not written, at the top or inside', async (t) => {
  const { log, lines } = logger('INFO');
  const secrets = {
    U: 's3cret',
    V: 's3cret',
    pin: 's3cret',
    mpin_id: 's3cret',
    mpinId: 's3cret',
    authOTT: 's3cret',
    app_key: 's3cret',
    serverSecret: 's3cret',
    'set-cookie': 's3cret',
  };
  log.info({ ...secrets, body: secrets, deeper: { body: secrets }, kept: 'kept' }, 'hello');
  t.notMatch(lines.join(''), /s3cret/);
  t.match(JSON.parse(lines[0] as string), {
    name: 'rps',
    msg: 'hello',
    kept: 'kept',
    U: '[secret]',
    body: { pin: '[secret]' },
    deeper: { body: { authOTT: '[secret]' } },
  });
  t.match(JSON.parse(lines[0] as string).time, /^\d{4}-\d\d-\d\dT/);
});

interface Child {
  readonly process: ChildProcess;
  readonly messages: unknown[];
  readonly text: () => string;
  readonly started: Promise<void>;
  readonly ended: Promise<number | null>;
}

const CHILD = fileURLToPath(new URL('./lifecycle-child.ts', import.meta.url));

function start(t: Test, behaviour = '', ipc = true): Child {
  const child = ipc
    ? fork(CHILD, [behaviour], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    : spawn(process.execPath, [...process.execArgv, CHILD, behaviour], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
  t.teardown(() => child.kill('SIGKILL'));
  let text = '';
  const messages: unknown[] = [];
  let begun = () => {};
  const started = new Promise<void>((resolve) => {
    begun = resolve;
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      text += chunk;
      if (/running/.test(text)) begun();
    });
  }
  child.on('message', (message) => messages.push(message));
  // Not 'close': node:child_process never emits it after a disconnect by the parent.
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const drained = [child.stdout, child.stderr].map(
    (stream) => new Promise((resolve) => stream?.once('end', resolve)),
  );
  const ended = Promise.all(drained).then(() => exited);
  return { process: child, messages, text: () => text, started, ended };
}

t.test('a role tells its parent when it is ready, and stops on SIGTERM and SIGINT', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const child = start(t);
    await new Promise((resolve) => child.process.once('message', resolve));
    t.same(child.messages, [{ type: 'ready', address: 'http://127.0.0.1:1' }]);
    child.process.kill(signal);
    t.equal(await child.ended, 0, signal);
    t.match(child.text(), /stopped/);
    t.match(child.text(), new RegExp(`"why":"${signal}"`));
  }
});

t.test('a role without a parent on IPC lives the same life', async (t) => {
  const child = start(t, '', false);
  await child.started;
  child.process.kill('SIGTERM');
  t.equal(await child.ended, 0);
  t.match(child.text(), /stopped/);
});

t.test('a role does not outlive its parent', async (t) => {
  const child = start(t);
  await child.started;
  child.process.disconnect();
  t.equal(await child.ended, 0);
  t.match(child.text(), /parent is gone[\s\S]*stopped|stopped[\s\S]*parent is gone/);
});

t.test('a second signal ends at once, a stop that hangs ends after its grace', async (t) => {
  const hasty = start(t, 'slow stop');
  await hasty.started;
  hasty.process.kill('SIGINT');
  await new Promise<void>((resolve) => {
    hasty.process.stdout?.on('data', (chunk) => /stopped/.test(String(chunk)) && resolve());
  });
  hasty.process.kill('SIGINT');
  t.equal(await hasty.ended, 130);
  const slow = start(t, 'slow stop');
  await slow.started;
  slow.process.kill('SIGTERM');
  t.equal(await slow.ended, 1);
  t.match(slow.text(), /stop took too long/);
});

t.test('what goes wrong is logged and ends with 1', async (t) => {
  const cases: [string, RegExp, boolean][] = [
    ['not ready', /cannot become ready[\s\S]*no secret|no secret[\s\S]*cannot become ready/, false],
    ['throw', /uncaught error/, false],
    ['reject', /nobody cares/, false],
    ['bad stop', /stop failed/, true],
  ];
  for (const [behaviour, said, signalled] of cases) {
    const child = start(t, behaviour);
    await child.started;
    if (signalled) child.process.kill('SIGTERM');
    t.equal(await child.ended, 1, behaviour);
    t.match(child.text(), said, behaviour);
  }
});
