/** The parts of messages that are about port numbers: leases, rules, and what was found on a port. */
import { z } from 'zod';

/** A port number. */
export const port = z.number().int().min(1).max(65535);

export const portRef = z.object({ service: z.string(), port: z.string() });
export const lease = portRef.extend({
  number: port,
  /** The number that the contract pins; `number` differs where that could not be had. */
  static: port.optional(),
  /** Counts the numbers that the port has had; absent is 1. */
  generation: z.number().int().min(1).optional(),
  /** How many numbers in a row were granted, from `number` on; absent is 1. */
  span: z.number().int().min(1).optional(),
  /** The lease stays when a runner publishes the stack without this port. */
  kept: z.boolean().optional(),
  /** The number that the service opened in its place, the last time or now: nobody else gets it while the stack runs. */
  borrowed: port.optional(),
});

/** A port that needs a number, and the one that the contract pins. */
export const portRequest = portRef.extend({
  static: port.optional(),
  /** How many numbers in a row: the replicas of one container port share a range. */
  span: z.number().int().min(1).max(1000).optional(),
  /** The lease stays when a runner publishes the stack without this port: containers outlive the runner. */
  kept: z.boolean().optional(),
});

const span = z.object({ from: port, to: port });

/** The rules of the contract for the numbers of the stack's environment. */
export const portRules = z.object({
  range: span.extend({ static: z.number().int().min(0), exclude: z.array(span).default([]) }).optional(),
  reservations: z.array(z.object({ port, service: z.string().optional() })).default([]),
});

export const portHolder = z.object({
  pid: z.number().int().optional(),
  command: z.string().optional(),
  cwd: z.string().optional(),
  address: z.string().optional(),
});

/** A number that an instance listens on beside its own. */
const openedPort = z.object({
  number: port,
  address: z.string(),
  pid: z.number().int(),
  /** Set where another process listens on the number too, on another address. */
  shared: z.literal(true).optional(),
});

/** Something on a leased port that is not as it should be; `marker` says which instance it is about. */
export const finding = z.discriminatedUnion('kind', [
  /** Somebody else listens there, on whatever address. */
  z.object({
    kind: z.literal('ghost'),
    marker: z.string(),
    port: z.string(),
    number: port,
    holder: portHolder,
    label: z.string().optional(),
    later: z.boolean(),
  }),
  /** A listener that cannot be identified. */
  z.object({
    kind: z.literal('unknown'),
    marker: z.string(),
    port: z.string(),
    number: port,
    address: z.string(),
    user: z.number().int().optional(),
  }),
  /** Nobody listens there, and the instance does elsewhere. */
  z.object({
    kind: z.literal('elsewhere'),
    marker: z.string(),
    port: z.string(),
    number: port,
    opened: z.array(openedPort),
  }),
]);

/** The listeners of an instance: told to its runner whenever it is another thing than before. */
export const sighting = z.object({
  marker: z.string(),
  /** Names of its ports on which something of its own listens, and nobody else. */
  listening: z.array(z.string()),
  /** Other numbers that it has opened, looked for while one of its ports is silent, or it listens elsewhere. */
  opened: z.array(
    openedPort.extend({
      /** Whom the number is leased to, if it is another: "web of shop". */
      lease: z.string().optional(),
    }),
  ),
  /** Ports on which the instance listens only on addresses where no connection from this machine to itself arrives. */
  away: z.array(z.object({ port: z.string(), address: z.string() })).optional(),
});

export type Sighting = z.output<typeof sighting>;
export type Lease = z.output<typeof lease>;
export type PortRef = z.output<typeof portRef>;
export type PortRequest = z.output<typeof portRequest>;
export type PortRules = z.output<typeof portRules>;
export type PortHolder = z.output<typeof portHolder>;
export type Finding = z.output<typeof finding>;
