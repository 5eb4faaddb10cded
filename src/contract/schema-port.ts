/** The fields of a port, as they may be written. */
import { z } from 'zod';

import { choice, fields, flag, hostName, name, oneOf, pathPrefix, portNumber, say } from './words.ts';

const host = oneOf('a name, a list of names, or false', 'write host: api, or host: false', [
  z.literal(false),
  hostName,
  z.array(hostName).min(1, say('this list is empty', 'write host: false for a port without a host name')),
]).describe(
  'Host names: a label, as in api.shop.localhost (also that of another service, with another path), "*.api" for all names below one, or a whole domain that leads to this machine. Default: the name of the service; false is none.',
);

const path = oneOf('a path, or a list of paths', 'write path: /api', [
  pathPrefix,
  z.array(pathPrefix).min(1, say('this list is empty', 'remove path, or write path: /api')),
]).describe(
  'Only requests for these paths and what lies below them; of several ports with one host, the longest path wins. Default: /.',
);

const port = fields({
  host: host.optional(),
  path: path.optional(),
  rewrite: pathPrefix
    .optional()
    .describe('What the service gets in place of path: / takes it away. Default: the path as it came.'),
  static: portNumber
    .optional()
    .describe(
      'The number that the main checkout always gets, for people and programs that remember it; other stacks lease one. It belongs into the static part of the range.',
    ),
  visibility: choice('public', 'private')
    .optional()
    .describe('private: no host name, and nobody but the service itself is told it. Default: public.'),
  follow: flag
    .optional()
    .describe(
      'true: the service is expected to open another port than it was given, and is followed there at once. false: it is never followed. Default: it is followed when it has listened elsewhere for 5 s, unless the port is static or several instances may run at once.',
    ),
  listener: choice('external')
    .optional()
    .describe(
      'external: who listens may be a process that portramp cannot identify, of another user for example.',
    ),
  renamedFrom: name.optional().describe('The name that the port had before: makes a rename a safe change.'),
  container: portNumber
    .optional()
    .describe(
      'Of a Compose service: the port inside of the container. Default: the one that the project publishes.',
    ),
  appProtocol: choice('http', 'https', 'h2c', 'grpc', 'tcp')
    .optional()
    .describe('What is spoken on the port. Default: http.'),
  ramp: z
    .literal(true, say('this can only be true', 'write ramp: true, or remove it'))
    .optional()
    .describe(
      'portramp itself listens on the port and leads to the service, which gets another one: clients notice no restart.',
    ),
  primary: flag.optional().describe('Makes this the first port, where several have no http among them.'),
});

export const ports = oneOf('a map of ports, or false', 'write ports: false, or ports: { http: {} }', [
  z.literal(false),
  z
    .record(name, port.nullable())
    .refine(
      (value) => Object.keys(value).length > 0,
      say('this map is empty', 'write ports: false for none'),
    ),
]).describe('The ports by name. Default: one, called http. false: the service listens on none.');

export type PortFields = z.output<typeof port>;
