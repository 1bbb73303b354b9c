// Turns the JSON vectors of the Milagro libraries into the lines that "mpin_test --vectors" reads:
//   node native/test/vectors-to-lines.mjs BNCX.json > lines.txt
// The vectors are not kept in this repository.
import { readFileSync } from 'node:fs';

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: vectors-to-lines.mjs VECTORS.json');
const lines = [];
for (const { mpin_id: _, ...record } of JSON.parse(readFileSync(path, 'utf8'))) {
  for (const [name, value] of Object.entries(record)) lines.push(`${name}=${value}`);
  lines.push('');
}
process.stdout.write(`${lines.join('\n')}\n`);
