/** A process that makes load and takes its commands over IPC; it ends with its parent. */
import { Runner } from './pace.js';
import type { Command, Tally } from './work.js';

let runner: Runner | undefined;

async function obey(command: Command): Promise<Tally | undefined> {
  switch (command.type) {
    case 'work':
      runner = new Runner(command.work, command.offset);
      return undefined;
    case 'begin':
      runner?.begin(command.pace);
      return undefined;
    case 'collect':
      return runner?.collect();
    case 'end':
      return runner?.end();
  }
}

process.on('message', (command: Command) => {
  obey(command).then(
    (tally) => process.send?.({ tally }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C goes to the whole group; the parent ends us when it has what it needs.
process.on('SIGINT', () => {});
