/**
 * The fields of the contract, as they may be written. The descriptions are the reference that editors show.
 * Rules between fields are in `rules.ts`; forms become one form in `build.ts`.
 */
import { z } from 'zod';

import {
  choice,
  duration,
  fields,
  flag,
  label,
  name,
  oneOf,
  positiveDuration,
  say,
  template,
  text,
} from './words.ts';

const envName = z
  .string()
  .regex(/^[^=\s\0]+$/, say('this cannot be the name of a variable', 'a name holds no "=" and no space'));

const env = z
  .record(
    envName,
    oneOf('text, a number, true, false or null', 'quote the value', [
      z.string().regex(/^[^\0]*$/, say('a value cannot hold a NUL byte', 'remove it')),
      z.number(),
      z.boolean(),
      z.null(),
    ]),
    say('this must be a map of variables', 'write KEY: value, one a line'),
  )
  .describe(
    'Variables for the process, over everything else. ${name.attr} is a reference, ${VAR} and ${VAR:-default} come from the shell, the env files and what portramp injects, $$ is a dollar sign. Numbers are passed as written; null takes the variable away.',
  );

const envFileEntry = oneOf(
  'a path, or {path, optional}',
  'write - .env, or - { path: .env, optional: true }',
  [
    text,
    fields({
      path: text.describe('Where the file is.'),
      optional: flag.optional().describe('A missing file is no error. Default: false.'),
    }),
  ],
);

const envFile = oneOf('a list of paths', 'write envFile: [.env]', [z.array(envFileEntry), envFileEntry]);

const restart = fields({
  policy: choice('no', 'on-failure', 'always')
    .optional()
    .describe('When a process that ended is started again. Default: on-failure.'),
  max: z
    .int(say('this must be a whole number', 'write a number from 0 to 1000'))
    .min(0, say('this cannot be negative', 'write a number from 0 to 1000'))
    .max(1000, say('this is too much', 'write a number from 0 to 1000'))
    .optional()
    .describe('Attempts in a row before the service counts as failed. Default: 5.'),
}).describe('What happens when the process ends by itself.');

const stop = fields({
  signal: choice('SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGKILL')
    .optional()
    .describe('Sent to the whole process group. Default: SIGTERM.'),
  timeout: duration.optional().describe('How long to wait before SIGKILL. Default: 10s.'),
}).describe('How the process is stopped.');

const interval = positiveDuration.optional().describe('Pause between two probes. Default: 250ms.');

const ready = fields({
  http: template
    .optional()
    .describe('A path of the service, or a whole URL: ready when a GET is answered with 2xx or 3xx.'),
  tcp: oneOf('true, or the name of a port', 'write tcp: true', [z.literal(true), name])
    .optional()
    .describe('Ready when the first port, or the one named, accepts a connection.'),
  log: text.optional().describe('A regular expression: ready when a line of the output matches.'),
  port: name.optional().describe('The port that http probes. Default: the first one.'),
  interval,
  timeout: positiveDuration
    .optional()
    .describe('Past this the service has failed. Without it, a late service is only warned about.'),
}).describe(
  'When the service counts as ready: one of http, tcp and log. Default: its first port accepts a connection.',
);

const resolve = choice('portramp', 'system').describe(
  'Who resolves *.localhost in Node children: portramp preloads a small module, system leaves it alone. Default: portramp.',
);

const consumption = oneOf(
  'the name of a service, or {service, …}',
  'write - db, or - { service: db, optional: true }',
  [
    name,
    fields({
      service: name.describe('The service that is consumed.'),
      port: name.optional().describe('The port that is consumed, when it is not the first.'),
      optional: flag
        .optional()
        .describe('Tells the address, and neither starts nor awaits the service. Default: false.'),
      condition: choice('started', 'ready', 'completed')
        .optional()
        .describe('What to wait for. Default: completed for a task, ready for everything else.'),
    }),
  ],
);

const host = oneOf('a name, a list of names, or false', 'write host: api, or host: false', [
  z.literal(false),
  name,
  z.array(name).min(1, say('this list is empty', 'write host: false for a port without a host name')),
]).describe(
  'Labels of the host names, as in api.shop.localhost. Default: the name of the service; false is none.',
);

const port = fields({
  host: host.optional(),
  appProtocol: choice('http', 'https', 'h2c', 'grpc', 'tcp')
    .optional()
    .describe('What is spoken on the port. Default: http.'),
  primary: flag.optional().describe('Makes this the first port, where several have no http among them.'),
});

const ports = oneOf('a map of ports, or false', 'write ports: false, or ports: { http: {} }', [
  z.literal(false),
  z
    .record(name, port.nullable())
    .refine(
      (value) => Object.keys(value).length > 0,
      say('this map is empty', 'write ports: false for none'),
    ),
]).describe('The ports by name. Default: one, called http. false: the service listens on none.');

/** Fields of all kinds of services; `rules.ts` says which go together. */
const serviceShape = {
  kind: choice('process', 'task').optional().describe('A task runs to its end. Default: process.'),
  dir: text.optional().describe('Working directory, relative to the root. Default: the root.'),
  command: oneOf('text or a list of texts', 'write command: npm run dev, or command: [node, server.js]', [
    template,
    z.array(template).min(1, say('this list is empty', 'write the program and its arguments')),
  ])
    .optional()
    .describe('A string runs in a shell, a list is executed as it is.'),
  external: text
    .optional()
    .describe('Something that runs elsewhere: http://…, https://… or host:port. Routed and told, not run.'),
  ports: ports.optional(),
  consumes: z
    .array(consumption, say('this must be a list', 'write consumes: [db]'))
    .optional()
    .describe('The services that this one talks to: started before it, and told to it.'),
  env: env.optional(),
  envFile: envFile.optional().describe('Files of variables (dotenv), relative to dir; later ones win.'),
  url: template.optional().describe('What ${name.url} and NAME_URL are. Default: made from the first port.'),
  ready: ready.optional(),
  restart: restart.optional(),
  stop: stop.optional(),
  start: choice('auto', 'manual')
    .optional()
    .describe('manual: only when it is named or consumed. Default: auto.'),
  run: choice('always', 'manual')
    .optional()
    .describe(
      'When a task runs: at every start of the stack, or only when it is named or consumed. Default: always.',
    ),
  resolve: resolve.optional(),
};

const service = fields(serviceShape);

const defaults = fields({
  envFile: envFile.optional().describe('Files of variables (dotenv), relative to the root; later ones win.'),
  env: env.optional(),
  restart: restart.optional(),
  stop: stop.optional(),
  ready: fields({ interval }).optional().describe('How readiness is probed.'),
  resolve: resolve.optional(),
}).describe('Merged under every process and task.');

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
export type ServiceFields = z.output<typeof service>;
export type PortFields = z.output<typeof port>;
export type EnvFileFields = z.output<typeof envFile>;

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
