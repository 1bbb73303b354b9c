/** The routes as tables for a README. */
import { OPERATIONS } from './document.js';
import type { Operation, Role } from './operation.js';

/** In which order roles come, and what they are called there. */
const HEADINGS: readonly (readonly [Role, string])[] = [
  ['rps', 'Relying party service (`mpin rps`)'],
  ['auth', 'Separate M-Pin server (`mpin auth`)'],
  ['dta', 'Trusted authority (`mpin dta`)'],
  ['hosted', 'Hosted side (`mpin hosted`)'],
];

/** Markdown: a table a role, with method and path, who may call, what it does. */
export function routeTables(): string {
  return HEADINGS.map(([role, heading]) => `### ${heading}\n\n${tableOf(role)}`).join('\n\n');
}

function tableOf(role: Role): string {
  const rows = Object.values(OPERATIONS[role])
    .flat()
    .map(({ method, path, access, summary, replies }: Operation) => [
      `\`${method} ${path}\``,
      access,
      summary,
      Object.keys(replies).join(', '),
    ]);
  return aligned([['route', 'for', 'what it does', 'answers'], ...rows]);
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] as string).length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] as number)).join(' | ')} |`;
  const rule = line(widths.map((width) => '-'.repeat(width)));
  const [head = [], ...body] = rows;
  return [line(head), rule, ...body.map(line)].join('\n');
}
