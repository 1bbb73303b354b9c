/** Whether this process can do its work, for balancers and supervisors. */

/** Longest wait for a check in milliseconds: what does not answer by then does not work. */
const CHECK_MS_MAX = 1_000;

/** True when what it looks at is there; a rejection or a long silence is a no. */
export type Check = () => boolean | Promise<boolean>;

export interface Readiness {
  readonly ready: boolean;
  /** Names of the checks that failed; `stopping` once the process is about to end. */
  readonly missing: readonly string[];
}

export class Health {
  readonly #checks: Readonly<Record<string, Check>>;
  #stopping = false;

  constructor(checks: Readonly<Record<string, Check>>) {
    this.#checks = checks;
  }

  /** From now on it is not ready, whatever the checks say. */
  stopping(): void {
    this.#stopping = true;
  }

  async readiness(): Promise<Readiness> {
    const results = await Promise.all(
      Object.entries(this.#checks).map(async ([name, check]) =>
        (await passes(check)) ? [] : [name],
      ),
    );
    const missing = [...(this.#stopping ? ['stopping'] : []), ...results.flat()];
    return { ready: missing.length === 0, missing };
  }
}

async function passes(check: Check): Promise<boolean> {
  let late: NodeJS.Timeout | undefined;
  const silence = new Promise<boolean>((resolve) => {
    late = setTimeout(resolve, CHECK_MS_MAX, false);
  });
  try {
    return await Promise.race([check(), silence]);
  } catch {
    return false;
  } finally {
    clearTimeout(late);
  }
}
