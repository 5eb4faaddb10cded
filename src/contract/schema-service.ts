/** The fields of a service, as they may be written. Rules between fields are in `check-fields.ts`. */
import { z } from 'zod';

import { isBounded } from './glob-cost.ts';
import {
  argument,
  choice,
  duration,
  fields,
  flag,
  name,
  oneOf,
  positiveDuration,
  say,
  template,
  text,
} from './words.ts';
import { access, tls } from './schema-access.ts';
import { ports } from './schema-port.ts';

const envName = z
  .string()
  .regex(/^[^=\s\0]+$/, say('this cannot be the name of a variable', 'a name holds no "=" and no space'));

export const env = z
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

export const envFile = oneOf('a list of paths', 'write envFile: [.env]', [
  z.array(envFileEntry),
  envFileEntry,
]);

const commandForm = oneOf(
  'text or a list of texts',
  'write command: npm run dev, or command: [node, server.js]',
  [
    template,
    z
      .array(argument)
      .min(1, say('this list is empty', 'write the program and its arguments'))
      .refine(
        ([program]) => program !== '',
        say('the program is empty', 'write the program first, then its arguments'),
      ),
  ],
);

export const restart = fields({
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

export const stop = fields({
  signal: choice('SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGKILL')
    .optional()
    .describe('Sent to the whole process group. Default: SIGTERM.'),
  command: commandForm
    .optional()
    .describe('Run instead of sending a signal, in the folder and with the environment of the service.'),
  stdin: text
    .optional()
    .describe('Written to the standard input instead of sending a signal, such as "quit\\n".'),
  timeout: duration.optional().describe('How long to wait before SIGKILL. Default: 10s.'),
}).describe('How the process is stopped: by one of signal, command and stdin.');

export const interval = positiveDuration.optional().describe('Pause between two probes. Default: 250ms.');

const glob = text.refine(
  isBounded,
  say(
    'this pattern could be compared with a path for ever, and is not used',
    'write several simpler patterns: fewer * in one name, no wildcard inside +(…), *(…) and !(…)',
  ),
);

const globs = (example: string) =>
  z
    .array(glob, say('this must be a list of patterns', `write ${example}`))
    .min(1, say('this list is empty', `write ${example}`));

const ready = fields({
  http: template
    .optional()
    .describe('A path of the service, or a whole URL: ready when a GET is answered with 2xx or 3xx.'),
  tcp: oneOf('true, or the name of a port', 'write tcp: true', [z.literal(true), name])
    .optional()
    .describe('Ready when the first port, or the one named, accepts a connection.'),
  log: text
    .optional()
    .describe(
      'A regular expression: ready when a line of the output matches. Without lookaheads, lookbehinds and backreferences, which could take for ever.',
    ),
  exec: commandForm
    .optional()
    .describe('Ready when this command ends with code 0; it gets the environment of the service.'),
  file: template
    .optional()
    .describe('Ready when this file, relative to dir, has been written since the start.'),
  port: name.optional().describe('The port that http probes. Default: the first one.'),
  interval,
  timeout: positiveDuration
    .optional()
    .describe('Past this the service has failed. Without it, a late service is only warned about.'),
}).describe(
  'When the service counts as ready: one of http, tcp, log, exec and file. Default: its first port accepts a connection.',
);

export const resolve = choice('portramp', 'system').describe(
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

const transition = fields({
  strategy: choice('replace', 'handoff', 'rolling')
    .optional()
    .describe(
      'replace: stop the old, start the new. handoff: start the new beside the old, swap when it is ready. rolling: the same, one replica after the other. Default: replace.',
    ),
  drainTimeout: duration
    .optional()
    .describe(
      'How long requests that are under way may go on with the old instance. Default: 10s, with replace 1s.',
    ),
  onUnready: choice('rollback', 'fail')
    .optional()
    .describe(
      'When the new instance of a handoff never gets ready: rollback keeps the old one, fail stops both. Default: rollback.',
    ),
  onConflict: choice('fail', 'reassign')
    .optional()
    .describe(
      'When a stranger holds the port at a restart: fail says who, reassign moves to another number and restarts the consumers. Default: fail.',
    ),
}).describe('How the service gets from one instance to the next.');

/** Fields of all kinds of services; `check-fields.ts` says which go together. */
export const serviceShape = {
  kind: choice('process', 'task').optional().describe('A task runs to its end. Default: process.'),
  dir: text.optional().describe('Working directory, relative to the root. Default: the root.'),
  command: commandForm.optional().describe('A string runs in a shell, a list is executed as it is.'),
  external: text
    .optional()
    .describe('Something that runs elsewhere: http://…, https://… or host:port. Routed and told, not run.'),
  tls: tls.optional(),
  compose: text
    .optional()
    .describe('A service of the Compose project, by its name there: started and watched like a process.'),
  scope: choice('stack', 'workspace')
    .optional()
    .describe(
      'Of a Compose service. workspace: one for all branches, started by the first stack that needs it and removed by the last "portramp down". Default: stack.',
    ),
  cleanup: commandForm
    .optional()
    .describe(
      'Of a Compose service: run inside of its container by "portramp down", when whoever consumes it has stopped. Text needs a shell there.',
    ),
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
  start: choice('auto', 'manual', 'request')
    .optional()
    .describe(
      'manual: only when it is named or consumed. request: when somebody connects to it. Default: auto.',
    ),
  idle: positiveDuration
    .optional()
    .describe('With start: request, stops the service when nobody has used it for this long.'),
  replicas: z
    .int(say('this must be a whole number', 'write a number from 1 to 32'))
    .min(1, say('there is at least one replica', 'write a number from 1 to 32'))
    .max(32, say('this is too much', 'write a number from 1 to 32'))
    .optional()
    .describe('How many instances serve at once. Default: 1.'),
  ramp: z
    .literal(true, say('this can only be true', 'write ramp: true, or remove it'))
    .optional()
    .describe('The same for every port of the service.'),
  watch: globs('watch: [src/**]')
    .optional()
    .describe('Files, relative to dir, whose change restarts the service; what git ignores does not.'),
  run: choice('always', 'changed', 'once', 'manual')
    .optional()
    .describe(
      'When a task runs: at every start of the stack, when its inputs, command or environment changed since its last success, until it succeeded once, or only when it is named or consumed. Default: always.',
    ),
  inputs: globs('inputs: [package-lock.json]')
    .optional()
    .describe('With run: changed, the files, relative to dir, that the task depends on.'),
  resolve: resolve.optional(),
  access: access.optional(),
  transition: transition.optional(),
  renamedFrom: name
    .optional()
    .describe('The name that the service had before: makes a rename a safe change.'),
};

export const service = fields(serviceShape);

export type ServiceFields = z.output<typeof service>;
export type EnvFileFields = z.output<typeof envFile>;
