import { z } from 'zod';

import { contractFileSchema } from './schema.ts';

/** The JSON Schema (draft 7, which editors know) of a contract as it is written. `schema.json` is a copy. */
export function contractJsonSchema(): object {
  const schema = z.toJSONSchema(contractFileSchema, {
    target: 'draft-7',
    io: 'input',
    override: ({ jsonSchema }) => {
      // Descriptions and all, a map without `x-` keys would be stricter than the contract is.
      const { properties } = jsonSchema;
      if (properties !== undefined && ('services' in properties || 'command' in properties)) {
        jsonSchema.patternProperties = { '^x-': {} };
      }
    },
  });
  return {
    ...schema,
    $id: 'https://portramp.dev/schema.json',
    title: 'portramp contract',
    description: 'What runs in this workspace, on which ports, and who talks to whom.',
  };
}
