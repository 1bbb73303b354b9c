/** Pictures of a screen for people to look at, and what can be tested of how it looks. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { SCREENS } from './browser.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const NARROW = { width: 320, height: 700 };
const WIDE = { width: 1180, height: 760 };

interface Fault {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly string[];
}

/** Serious faults of a part of the page as it is now, in the words of axe-core. */
export async function faultsOf(
  page: Page,
  part = 'mpin-pad',
  rules: readonly string[] = [],
): Promise<Fault[]> {
  if (await page.evaluate(() => !('axe' in globalThis))) await page.evaluate(AXE);
  return page.evaluate(
    async ([where, ...only]) => {
      const { axe } = globalThis as unknown as {
        axe: {
          run(
            part: string | undefined,
            options: object,
          ): Promise<{
            violations: { id: string; impact: string; nodes: { html: string }[] }[];
          }>;
        };
      };
      const { violations } = await axe.run(where, only.length === 0 ? {} : { runOnly: only });
      return violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html }) => html) }));
    },
    [part, ...rules] as const,
  );
}

/** The part of a test that is used here. */
interface Assertions {
  same(found: unknown, wanted: unknown, message: string): unknown;
  equal(found: unknown, wanted: unknown, message: string): unknown;
}

/** How tall the pad was on each screen. */
export const heights = new Map<string, number>();

/** Takes the pictures of a screen, and tests what can be tested of it. */
export async function look(t: Assertions, page: Page, name: string): Promise<void> {
  const pad = page.locator('mpin-pad');
  const picture = (kind: string) => page.screenshot({ path: join(SCREENS, `${name}-${kind}.png`) });
  const before = page.viewportSize() ?? WIDE;
  await page.setViewportSize(WIDE);
  t.same(await faultsOf(page), [], `${name}: accessible`);
  heights.set(name, (await pad.boundingBox())?.height ?? 0);
  await picture('light');
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  t.same(await faultsOf(page, 'mpin-pad', ['color-contrast']), [], `${name}: readable in the dark`);
  await picture('dark');
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.setViewportSize(NARROW);
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  t.equal(overflow, 0, `${name}: fits into 320 pixels`);
  await picture('narrow');
  await page.evaluate(() => document.documentElement.setAttribute('dir', 'rtl'));
  await picture('rtl');
  await page.evaluate(() => document.documentElement.removeAttribute('dir'));
  await page.setViewportSize(before);
}
