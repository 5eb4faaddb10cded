import type { Command } from 'commander';

import { printJson } from '../terminal.ts';

export function defineSchema(program: Command): void {
  program
    .command('schema')
    .summary('print the JSON Schema of the contract')
    .description('Print the JSON Schema of portramp.yaml, for editors.')
    .addHelpText('after', '\nExample:\n  portramp schema > .vscode/portramp.schema.json')
    .action(async () => {
      const { contractJsonSchema } = await import('../../contract/json-schema.ts');
      printJson(contractJsonSchema());
    });
}
