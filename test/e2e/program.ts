/** Runs the program as people do: compiled, in a process of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const ROOT = join(import.meta.dirname, '../..');
const LOCK = join(ROOT, 'out/.compiling');
const MPIN = join(ROOT, 'out/src/cli/mpin.js');

/** Compiles what is newer than its output; test files that run at once wait for one another. */
export async function ensureBuilt(): Promise<void> {
  while (isStale()) {
    try {
      mkdirSync(LOCK, { recursive: false });
    } catch {
      await sleep(100);
      continue;
    }
    try {
      // Types are checked by the linter's run; here only the output matters.
      const plain = ['--noCheck', '--incremental', 'false', '--tsBuildInfoFile', 'null'];
      execFileSync(join(ROOT, 'node_modules/.bin/tsc'), plain, { cwd: ROOT, stdio: 'inherit' });
      execFileSync(process.execPath, [join(ROOT, 'src/web/build.mjs')], { stdio: 'pipe' });
    } finally {
      rmdirSync(LOCK);
    }
  }
}

function isStale(): boolean {
  return ['src', 'bench'].some((folder) => {
    const sources = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
    return sources
      .filter((file) => /\.(ts|css|html)$/.test(file))
      .some((file) => {
        const written = statSync(outputOf(folder, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
        return written < statSync(join(ROOT, folder, file)).mtimeMs;
      });
  });
}

/** All that is for browsers goes into a few files, which are written together. */
function outputOf(folder: string, file: string): string {
  return folder === 'src' && file.startsWith('web/')
    ? join(ROOT, 'out/web/mpin-pad.js')
    : join(ROOT, 'out', folder, file.replace(/\.ts$/, '.js'));
}

export interface Run {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Record<string, string>;
}

/** Starts `mpin` with an environment of its own. */
export function startMpin(args: readonly string[], { cwd, env = {} }: RunOptions): Run {
  const child = spawn(process.execPath, [MPIN, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.on('close', (code, signal) => resolve(code ?? (signal as NodeJS.Signals))),
  );
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}

/** Runs `mpin` to its end. */
export async function mpin(args: readonly string[], options: RunOptions) {
  const run = startMpin(args, options);
  const code = await run.ended;
  return { code, stdout: run.stdout(), stderr: run.stderr() };
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Waits for a condition; throws with `what`, and what `details` says then, after 30 s. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  details: () => string = () => '',
): Promise<void> {
  const deadline = performance.now() + 30_000;
  const late = sleep(30_000, false, { ref: false });
  // The condition may be a question that nobody answers.
  while (!(await Promise.race([condition(), late]))) {
    if (performance.now() > deadline) {
      throw new Error(`waited in vain for ${what} ${details()}`);
    }
    await sleep(20);
  }
}
