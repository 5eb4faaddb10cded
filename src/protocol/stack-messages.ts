/** The parts of messages that say what a stack is: its names, its services and their states, its routes. */
import { z } from 'zod';

import { lease, port } from './port-messages.ts';

export const stackKey = z.object({ root: z.string(), environment: z.string() });

/** The facts that the daemon needs about a stack in order to name it. */
export const stackClaim = stackKey.extend({
  workspace: z.string(),
  workspaceId: z.string(),
  main: z.boolean(),
  branch: z.string().optional(),
});

export const stackIdentity = stackClaim.extend({
  slug: z.string(),
  ident: z.string(),
  index: z.number().int(),
});

export const routeTarget = z.object({
  protocol: z.enum(['http', 'https']),
  host: z.string(),
  port,
  /** Of https: how the certificate is checked; absent: as that of any site. `ca`: authorities in PEM form. */
  tls: z
    .object({ verify: z.boolean(), ca: z.string().optional(), serverName: z.string().optional() })
    .optional(),
});

/** Why a service is not up, for `ls`, `logs`, `wait` and the page of its host. */
export const failure = z.object({
  /** One sentence: "exited with code 1", "command not found: fooo". */
  message: z.string(),
  hint: z.string().optional(),
  exitCode: z.number().int().optional(),
  signal: z.string().optional(),
  /** The last lines it printed. */
  log: z.array(z.string()).default([]),
});

export const serviceState = z.enum([
  'idle',
  'waiting',
  'starting',
  'warming',
  'ready',
  'unwell',
  'backoff',
  'stopping',
  'failed',
  'done',
  'external',
]);

const processMark = z.object({ startTime: z.string(), marker: z.string() });

export const publishedPort = z.object({
  name: z.string(),
  appProtocol: z.string(),
  port,
  targetPort: port,
  url: z.string().optional(),
  hosts: z.array(z.string()),
  /** `external`: who listens there may be anybody, it is not verified. */
  listener: z.enum(['own', 'external']).optional(),
  /** Whether the runner goes along when the service opens another port. */
  follow: z.boolean().optional(),
  /** The number that the service was given, where it is followed to another one that it opened. */
  given: port.optional(),
  /** Whether something of the service's own listens there; absent: nobody has looked, or can. */
  listening: z.boolean().optional(),
  /** With a ramp: the names of the leases of its target ports, which are kept for it. */
  leases: z.array(z.string()).optional(),
  /** The daemon's: it was asked in plain HTTP, as the contract says, and found to speak TLS. */
  speaksTls: z.literal(true).optional(),
});

/** One replica of a service. */
export const publishedInstance = z.object({
  slot: z.number().int(),
  state: serviceState,
  /** `challenger`: is to take over. `retiring`: gets no more requests. */
  role: z.enum(['serving', 'challenger', 'retiring']),
  pid: z.number().int().optional(),
  /** With `pid`: how the daemon recognises the listeners of the process. */
  mark: processMark.optional(),
  /** Target ports by name. */
  ports: z.record(z.string(), port),
  /** Why it is not up, where it is not merely on its way. */
  failure: failure.optional(),
});

export const publishedService = z.object({
  name: z.string(),
  kind: z.string(),
  /** Of a container: the name in the Compose file, where that is another one. */
  compose: z.string().optional(),
  state: serviceState,
  /** The state in the words of people, see `status.ts`: finer than `state`, whose values older daemons know. */
  status: z.string().optional(),
  /** Why it is not as it should be, in one sentence, and what to write or type. */
  reason: z.string().optional(),
  hint: z.string().optional(),
  pid: z.number().int().optional(),
  /** With `pid`: how the daemon recognises the listeners of the process that runs now. */
  instance: processMark.optional(),
  restarts: z.number().int().default(0),
  exitCode: z.number().int().optional(),
  /** For `waiting`: the services it waits for. */
  waitingFor: z.array(z.string()).optional(),
  failure: failure.optional(),
  ports: z.array(publishedPort),
  /** The daemon's: what its front saw of the answers last: one that failed (`ago` in milliseconds), lines left out. */
  answers: z
    .object({
      failed: z.object({ message: z.string(), ago: z.number() }).optional(),
      dropped: z.string().optional(),
    })
    .optional(),
  /** Of a service with ramps or several replicas. */
  instances: z.array(publishedInstance).optional(),
  /** Of a process: how far what was asked of it last (new values, a restart) has got. Both count up. */
  revision: z
    .object({
      asked: z.number().int(),
      /** The oldest that serves. */
      serving: z.number().int(),
      /** Why the one that was asked for last will not serve. */
      refused: z.string().optional(),
    })
    .optional(),
  /** Files of `watch` (of a task: `inputs`) that restart it no more, why, and what to write or type. */
  held: z.object({ files: z.array(z.string()), reason: z.string(), hint: z.string() }).optional(),
});

export const routeState = z.discriminatedUnion('state', [
  z.object({ state: z.literal('live'), targets: z.array(routeTarget).min(1) }),
  /**
   * `wake`: it is started by the first request (`start: request`). `failure`: why nothing answers although it runs.
   * `probed`: its probe has said that it is ready, and a port that the contract does not mention may be about to listen.
   */
  z.object({
    state: z.literal('warming'),
    wake: z.boolean().optional(),
    failure: failure.optional(),
    probed: z.boolean().optional(),
  }),
  z.object({ state: z.literal('failed'), failure }),
  z.object({ state: z.literal('stopped') }),
]);

export const publishedRoute = z.object({
  /** `*.` in front stands for one label or more. */
  host: z.string(),
  /** Only this and what lies below it; absent is `/`. */
  path: z.string().optional(),
  /** The path that the service gets in place of `path`. */
  rewrite: z.string().optional(),
  service: z.string(),
  port: z.string(),
  /** On a short name: the long one that navigations are sent to. */
  canonical: z.string().optional(),
  /** The Host header to send instead of the client's: external services only. */
  hostHeader: z.string().optional(),
  /** Whose pages may use it besides those of the same stack: origins, or everybody's. */
  browser: z.union([z.literal('any'), z.array(z.string())]).optional(),
  /** Whose pages may send the browser here with a form: origins, and `null` for those that hide theirs. */
  formPosts: z.array(z.string()).optional(),
  route: routeState,
});

/** Why something of the stack is still there although it was taken down. */
const left = z.object({ message: z.string(), hint: z.string().optional() });

/** Everything a stack is, sent whole at every change. */
export const stackSnapshot = z.object({
  services: z.array(publishedService),
  routes: z.array(publishedRoute),
  /** Texts for a person about the stack as a whole, such as an edit of the contract that was refused. */
  problems: z.array(z.string()).optional(),
  /** The stack is going down. */
  ending: z.boolean().optional(),
  left: left.optional(),
});

export const front = z.object({
  http: port.optional(),
  /** Why the front does not listen, if it does not. */
  problem: z.string().optional(),
});

export const runningStack = stackIdentity.extend({
  /** The runner's; absent when none is attached. */
  pid: z.number().int().optional(),
  /** Set when the runner stopped answering. */
  silent: z.boolean().optional(),
  services: z.array(publishedService),
  problems: z.array(z.string()).optional(),
  /** Set while the stack goes down. */
  ending: z.boolean().optional(),
  left: left.optional(),
  /** Only where `list` was asked for holdings: what the ledger keeps for the stack, running or not. */
  leases: z.array(lease).optional(),
  hosts: z.array(z.string()).optional(),
  /** Hosts that it wants and another stack holds: host → slug of the holder. */
  refusedHosts: z.record(z.string(), z.string()).optional(),
});

export type StackKey = z.output<typeof stackKey>;
export type StackClaim = z.output<typeof stackClaim>;
export type Failure = z.output<typeof failure>;
export type ServiceStateName = z.output<typeof serviceState>;
export type PublishedService = z.output<typeof publishedService>;
export type PublishedPort = z.output<typeof publishedPort>;
export type PublishedInstance = z.output<typeof publishedInstance>;
export type PublishedRoute = z.output<typeof publishedRoute>;
export type RouteState = z.output<typeof routeState>;
export type RouteTarget = z.output<typeof routeTarget>;
export type StackSnapshot = z.output<typeof stackSnapshot>;
export type RunningStack = z.output<typeof runningStack>;
export type Front = z.output<typeof front>;
