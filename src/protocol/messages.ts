/**
 * The messages of the control socket: one JSON object a line, both ways. Lenient: unknown fields are dropped
 * (within one protocol version only optional fields are added). `hello`, `status` and `yield` are frozen.
 *
 *     request   {"id": 7, "request": "lease", "params": {…}}
 *     answer    {"id": 7, "result": {…}}   or   {"id": 7, "error": {"code", "message", "hint"}}
 *     notice    {"notice": "stack", "params": {…}}
 *
 * Only the daemon and the runner load the schemas; other commands import the types.
 */
import { z } from 'zod';

import { commandAnswer, runnerCommand } from './command-messages.ts';
import { requestEvent } from './request-messages.ts';
import {
  finding,
  lease,
  port,
  portHolder,
  portRef,
  portRequest,
  portRules,
  sighting,
} from './port-messages.ts';
import { front, runningStack, stackClaim, stackIdentity, stackKey, stackSnapshot } from './stack-messages.ts';

export type { CommandAnswer, RunnerCommand, ServiceDetails } from './command-messages.ts';
export type {
  Finding,
  Lease,
  PortHolder,
  PortRef,
  PortRequest,
  PortRules,
  Sighting,
} from './port-messages.ts';
export type {
  Failure,
  Front,
  PublishedInstance,
  PublishedPort,
  PublishedRoute,
  PublishedService,
  RouteState,
  RouteTarget,
  RunningStack,
  ServiceStateName,
  StackClaim,
  StackKey,
  StackSnapshot,
} from './stack-messages.ts';
export { PROTOCOL } from './version.ts';

const nothing = z.object({});

/** More moves of the front than a machine sees in its life: a number beyond that would win for ever. */
const MAX_MOVES = 1_000_000;

/** Requests that a client (command or runner) sends to the daemon. */
export const daemonRequests = {
  hello: {
    params: z.object({
      protocol: z.object({ min: z.number().int(), max: z.number().int() }),
      version: z.string(),
    }),
    result: z.object({ protocol: z.number().int(), version: z.string(), pid: z.number().int() }),
  },
  status: {
    params: nothing,
    result: z.object({
      pid: z.number().int(),
      version: z.string(),
      protocol: z.object({ min: z.number().int(), max: z.number().int() }),
      home: z.string(),
      front,
      stacks: z.number().int(),
      /** Things that a person should know: a ledger that was set aside, a front port that is taken. */
      problems: z.array(z.string()),
    }),
  },
  /** Asks an older daemon to flush, close and exit, so that a newer one can take its place. */
  yield: {
    params: z.object({ protocol: z.number().int(), version: z.string() }),
    result: z.object({ yielding: z.boolean() }),
  },
  /** Stops the daemon; refused while runners are attached unless `force`. */
  shutdown: { params: z.object({ force: z.boolean().default(false) }), result: nothing },
  /** Names a stack: grants its slug and index, or returns those it has. */
  claim: {
    params: stackClaim.extend({
      /** A reconnecting runner says what it has, so that a lost ledger changes nothing for it. */
      held: z
        .object({
          slug: z.string(),
          index: z.number().int(),
          leases: z.array(lease),
          /** The front's number that it knows, and how often that had moved: of two the higher count is right. */
          front: z.object({ http: port, moves: z.number().int().min(0).max(MAX_MOVES) }).optional(),
        })
        .optional(),
    }),
    result: z.object({
      stack: stackIdentity,
      front,
      /** How often the front has got another number, the first one included: what `held` says of it at the next claim. */
      frontMoves: z.number().int().optional(),
      notices: z.array(z.string()),
    }),
  },
  /** Grants numbers for every port asked for; those that the stack has stay as they are. All or nothing. */
  lease: {
    params: z.object({
      stack: stackKey,
      ports: z.array(portRequest),
      rules: portRules.optional(),
      /** `workspace`: every stack of the workspace and the environment gets the same numbers. */
      scope: z.enum(['stack', 'workspace']).default('stack'),
      /** Host names that the stack is going to publish and that somebody else may hold. */
      hosts: z.array(z.string()).optional(),
    }),
    result: z.object({
      leases: z.array(lease),
      /** Those of `hosts` that another stack holds now. */
      refusedHosts: z.array(z.string()).optional(),
      /** Pinned numbers that could not be had, numbers that moved with the contract. */
      notices: z.array(z.string()).optional(),
    }),
  },
  /**
   * Gives a port another number because a stranger holds the one it has (`onConflict: reassign`). While the number
   * is free, or not the port's any more, nothing moves: the answer is the lease as it is.
   */
  reassign: {
    params: z.object({ stack: stackKey, port: portRef, number: port, rules: portRules.optional() }),
    result: z.object({ lease, moved: z.boolean() }),
  },
  /**
   * Says that a service listens on `number` in place of the one that it was given, so that nobody else gets it; the number
   * of the lease gives back what was borrowed. `holder`: who has it ("web of shop"), and then nothing is borrowed.
   */
  borrow: {
    params: z.object({ stack: stackKey, port: portRef, number: port }),
    result: z.object({ lease, holder: z.string().optional() }),
  },
  /** Makes this connection the stack's runner. Refused while another one is attached. */
  attach: {
    params: z.object({
      stack: stackKey,
      pid: z.number().int().min(1),
      /** The runner leaves a command that is withdrawn before it has begun with it. */
      withdraws: z.boolean().default(false),
    }),
    result: nothing,
  },
  /** Replaces the stack's whole snapshot; answers when its routes are live. Leases of ports it no longer has are released. */
  publish: {
    params: z.object({ stack: stackKey, snapshot: stackSnapshot }),
    result: z.object({
      front,
      /** Hosts that another stack holds: host → slug of the holder. */
      refusedHosts: z.record(z.string(), z.string()),
      /** Short hosts that were just taken from a stack that rests: host → its slug. */
      borrowedHosts: z.record(z.string(), z.string()).optional(),
      /** These holders by slug, except portramp itself. */
      holders: z.record(z.string(), z.object({ root: z.string(), running: z.boolean() })).optional(),
    }),
  },
  /**
   * Answers when the front has nothing under way with these targets any more, or the time (milliseconds) is over. With
   * `all` tunnels are waited for too, and what is left then is closed; without it, only tunnels are.
   */
  drain: {
    params: z.object({
      targets: z.array(z.object({ host: z.string(), port })),
      timeout: z.number().int().min(0),
      all: z.boolean(),
    }),
    result: z.object({ left: z.number().int() }),
  },
  /** The requests that the front has under way with these targets, and for how long (milliseconds) it has had nothing. */
  traffic: {
    params: z.object({ targets: z.array(z.object({ host: z.string(), port })) }),
    result: z.object({ open: z.number().int(), quiet: z.number() }),
  },
  /**
   * From now on this connection gets `requests` notices: of one stack, of these services, or of everything that
   * the front is asked.
   */
  follow: {
    params: z.object({ stack: stackKey.optional(), services: z.array(z.string()).optional() }),
    result: nothing,
  },
  /** Every stack that is running, or that this machine remembers with `all`. */
  list: {
    params: z.object({ all: z.boolean().default(false), holdings: z.boolean().default(false) }),
    result: z.object({ front, stacks: z.array(runningStack) }),
  },
  /** Passes a command to the stack's runner and answers with its answer. */
  command: {
    params: z.object({ stack: stackKey, command: runnerCommand }),
    result: commandAnswer,
  },
  /** From now on this connection gets a `stack` notice now and at every change of the stack. */
  watch: { params: z.object({ stack: stackKey }), result: nothing },
  /**
   * Does anybody hold this port, and who? `forbidden` where this user may not open it, whoever has it; absent from older
   * daemons, which call such a port held.
   */
  holder: {
    params: z.object({ port }),
    result: z.object({
      free: z.boolean(),
      holders: z.array(portHolder),
      forbidden: z.literal(true).optional(),
      /** The service of a running stack that listens there, where it is one's. */
      owner: stackKey.extend({ stack: z.string(), service: z.string(), status: z.string() }).optional(),
    }),
  },
  /** Forgets stacks that are not running (clean): of these keys, or those whose root is gone. */
  forget: {
    params: z.object({ stacks: z.array(stackKey).optional() }),
    result: z.object({ forgotten: z.array(stackIdentity) }),
  },
} as const satisfies Record<string, { params: z.ZodType; result: z.ZodType }>;

/** Requests that the daemon sends to a runner; answered within 5 s. */
export const runnerRequests = {
  command: { params: runnerCommand, result: commandAnswer },
} as const satisfies Record<string, { params: z.ZodType; result: z.ZodType }>;

/** Notices that the daemon sends. */
export const daemonNotices = {
  /** The stack's state; `stack` is absent when no runner is attached any more. */
  stack: z.object({ key: stackKey, stack: runningStack.optional() }),
  /** Findings of verification about the stack's instances: to its runner, once for each that is new. */
  findings: z.object({ key: stackKey, findings: z.array(finding) }),
  /** A text for the person who runs the stack: to its runner. */
  notice: z.object({ key: stackKey, text: z.string() }),
  /** Listeners of the stack's instances: to its runner, those of which it is news. */
  sightings: z.object({ key: stackKey, sightings: z.array(sighting) }),
  /** The requests that went through the front since the last notice; `missed`: how many more there were that are not told. */
  requests: z.object({ requests: z.array(requestEvent), missed: z.number().int() }),
  /** To every runner: the front has another number than it had when they claimed their names. */
  front: z.object({ front, frontMoves: z.number().int() }),
  /** The daemon is about to exit. After `stop` nobody starts a new one by itself. */
  closing: z.object({ reason: z.enum(['stop', 'yield']) }),
} as const satisfies Record<string, z.ZodType>;

export type DaemonRequest = keyof typeof daemonRequests;
export type DaemonParams<R extends DaemonRequest> = z.input<(typeof daemonRequests)[R]['params']>;
export type DaemonResult<R extends DaemonRequest> = z.output<(typeof daemonRequests)[R]['result']>;
export type DaemonNotice = keyof typeof daemonNotices;
export type NoticeParams<N extends DaemonNotice> = z.output<(typeof daemonNotices)[N]>;

export type RequestEvent = z.output<typeof requestEvent>;
