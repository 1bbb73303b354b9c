/** Disks that fail, for what writes files. */
import * as fsPromises from 'node:fs/promises';

/** An error of the file system. */
export const fault = (code: string) => Object.assign(new Error(code), { code });

/** A file system on which nothing happens any more from a step on. */
export function killedAt(step: string): Partial<typeof fsPromises> {
  let dead = false;
  const alive = (now: string) => {
    if (now === step) dead = true;
    if (dead) throw fault('KILLED');
  };
  return {
    open: async (...args: Parameters<typeof fsPromises.open>) => {
      alive(args[1] === 'wx' ? 'open' : 'flush');
      const handle = await fsPromises.open(...args);
      const { writeFile, sync } = handle;
      Object.assign(handle, {
        writeFile: async (content: string) => {
          // Half of the content gets out before the end.
          if (step === 'writeFile') await writeFile.call(handle, content.slice(0, 250));
          alive('writeFile');
          return writeFile.call(handle, content);
        },
        sync: async () => {
          alive('sync');
          return sync.call(handle);
        },
      });
      return handle;
    },
    link: async (...args: Parameters<typeof fsPromises.link>) => {
      alive('link');
      return fsPromises.link(...args);
    },
    unlink: async (...args: Parameters<typeof fsPromises.unlink>) => {
      alive('unlink');
      return fsPromises.unlink(...args);
    },
  };
}
