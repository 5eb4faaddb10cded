/**
 * The fields of the contract, as they may be written. The descriptions are the reference that editors show.
 * Rules between fields are in `check-fields.ts`; forms become one form in `build.ts`.
 */
import { z } from 'zod';

import { RULE_IDS, type RuleId } from './rule-ids.ts';
import { range, reservation } from './schema-ranges.ts';
import { env, envFile, interval, resolve, restart, service, serviceShape, stop } from './schema-service.ts';
import { choice, fields, flag, label, name, oneOf, say, text } from './words.ts';

const defaults = fields({
  dir: text.optional().describe('Working directory of services that name none, relative to the root.'),
  envFile: envFile.optional().describe('Files of variables (dotenv), relative to the root; later ones win.'),
  env: env.optional(),
  restart: restart.optional(),
  stop: stop.optional(),
  ready: fields({ interval }).optional().describe('How readiness is probed.'),
  resolve: resolve.optional(),
}).describe('Merged under every process and task.');

const level = choice('error', 'warning', 'note', 'off')
  .optional()
  .describe('error, warning, note or off; portramp check --explain ID says what the rule is for.');

const severities = fields(
  Object.fromEntries(RULE_IDS.map((id) => [id, level])) as Record<RuleId, typeof level>,
);

const contractShape = {
  $schema: z.string().optional().describe('Where editors find the JSON Schema.'),
  version: z
    .literal(1, say('this portramp reads version 1', 'write version: 1'))
    .describe('Version of the format: 1.'),
  workspace: label.describe('Name of the workspace, one DNS label: the shop of api.shop.localhost.'),
  defaults: defaults.optional(),
  groups: z
    .record(
      label,
      z.array(name, say('a group is a list of services', 'write backend: [api, worker]')),
      say('this must be a map of groups', 'write backend: [api, worker]'),
    )
    .optional()
    .describe('Names for several services at once; default is what runs when nothing is named.'),
  discovery: fields({
    aspire: flag
      .optional()
      .describe('Also inject services__NAME__PORT__0, as .NET Aspire does. Default: false.'),
    kubernetes: flag
      .optional()
      .describe('Also inject NAME_SERVICE_HOST and NAME_SERVICE_PORT, as Kubernetes does. Default: false.'),
  })
    .optional()
    .describe('Further forms in which consumed services are told.'),
  compose: fields({
    file: oneOf('a path or a list of paths', 'write file: compose.yaml', [
      text,
      z.array(text).min(1, say('this list is empty', 'write file: compose.yaml')),
    ])
      .optional()
      .describe(
        'The Compose files, relative to the root, the base first. Default: those that Compose finds.',
      ),
    include: choice('all', 'listed')
      .optional()
      .describe(
        'all: services of the project that the contract does not name run with the stack, under their own names. Default: all.',
      ),
    share: z
      .array(text, say('this must be a list', 'write share: [volumes.cache]'))
      .optional()
      .describe(
        'What keeps its name in every stack: volumes.NAME, networks.NAME or services.NAME. Default: nothing, but in the main checkout everything.',
      ),
  })
    .optional()
    .describe('The Docker Compose project that belongs to the stack.'),
  ranges: z
    .record(label, range, say('this must be a map of ranges', 'write dev: { from: 20000, to: 29999 }'))
    .optional()
    .describe('The numbers that an environment may use. Default: those of dev, which are 20000 to 29999.'),
  reservations: z
    .array(
      reservation,
      say('this must be a list of reservations', 'write - { port: 20010, owner: team-data }'),
    )
    .optional()
    .describe('Numbers that somebody outside relies on: never leased.'),
  check: fields({
    severity: severities.optional().describe('How serious the findings of a rule are here.'),
  })
    .optional()
    .describe('How portramp check judges.'),
  services: z
    .record(
      name,
      service,
      say('this must be a map of services', 'write the name of a service, and its fields below'),
    )
    .refine(
      (value) => Object.keys(value).length > 0,
      say('there are no services', 'write at least one service'),
    )
    .describe('What runs, by name.'),
};

/** A contract for one environment, after its overlays were merged. */
export const contractSchema = fields(contractShape, ['environments']);

export type ContractFields = z.output<typeof contractSchema>;

/** In an overlay every field may be absent, and null takes away what the contract says. */
const nullable = (shape: z.ZodRawShape): z.ZodObject<z.ZodRawShape, z.core.$strict> =>
  fields(
    Object.fromEntries(Object.entries(shape).map(([key, field]) => [key, z.nullable(field).optional()])),
  );

const overlay = nullable({
  ...contractShape,
  services: z.record(name, nullable(serviceShape).nullable()).describe('Services, or parts of them.'),
});

/** The contract as a file holds it. Only the JSON Schema is made from it. */
export const contractFileSchema = fields({
  ...contractShape,
  environments: z
    .record(label, overlay.nullable())
    .optional()
    .describe(
      'Overlays by environment, chosen with --env: maps merge, lists and values replace, null takes away.',
    ),
});
