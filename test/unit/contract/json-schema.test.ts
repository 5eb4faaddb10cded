import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { contractJsonSchema } from '../../../src/contract/json-schema.ts';

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
}

it('is the one that is shipped', () => {
  const shipped = readFileSync(join(import.meta.dirname, '../../../schema.json'), 'utf8');
  expect(shipped).toBe(`${JSON.stringify(contractJsonSchema(), null, 2)}\n`);
});

it('describes every field', () => {
  const missing: string[] = [];
  let seen = 0;
  const visit = (schema: Schema, path: string): void => {
    for (const [name, field] of Object.entries(schema.properties ?? {})) {
      seen += 1;
      const described = [field, ...(field.anyOf ?? [])].some((each) => (each.description ?? '') !== '');
      if (!described) missing.push(`${path}.${name}`);
      visit(field, `${path}.${name}`);
    }
    for (const form of schema.anyOf ?? []) visit(form, path);
    if (schema.items !== undefined) visit(schema.items, path);
    if (typeof schema.additionalProperties === 'object') visit(schema.additionalProperties, path);
  };
  visit(contractJsonSchema(), '');
  expect(seen).toBeGreaterThan(50);
  expect(missing).toEqual([]);
});
