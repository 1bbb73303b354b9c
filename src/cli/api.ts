/** `mpin api`: the description of the routes, as an OpenAPI document or as tables. */
import { Argument, type Command } from 'commander';
import { openApiDocument } from '../api/document.js';
import type { Role } from '../api/operation.js';
import { routeTables } from '../api/tables.js';
import { packageVersion } from '../ops/version.js';

const ROLES: readonly Role[] = ['rps', 'auth', 'dta', 'hosted'];

export function addApiCommand(program: Command): void {
  program
    .command('api')
    .description('prints the OpenAPI description of a role, or tables of all routes')
    .addArgument(new Argument('[role]', 'whose routes').choices(ROLES))
    .action((role: Role | undefined) => {
      process.stdout.write(role === undefined ? `${routeTables()}\n` : documentOf(role));
    });
}

function documentOf(role: Role): string {
  return `${JSON.stringify(openApiDocument(role, { version: packageVersion() }), undefined, 2)}\n`;
}
