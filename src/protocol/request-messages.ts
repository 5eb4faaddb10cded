/** The news of a request that went through the front. */
import { z } from 'zod';

/** Durations in milliseconds. */
export const requestEvent = z.object({
  /** When it came, in milliseconds since 1970. */
  time: z.number(),
  method: z.string(),
  /** As the client sent it, with the port. */
  host: z.string(),
  path: z.string(),
  /** Absent where the client left before there was an answer. */
  status: z.number().int().optional(),
  /** Of the answer's body, as far as it was sent. */
  bytes: z.number().int(),
  /** The client was sent the whole answer. */
  complete: z.boolean(),
  /** From its head to the end of the answer; a WebSocket's to the end of the handshake. */
  duration: z.number(),
  /** How much of that it waited for the service. */
  held: z.number(),
  /** The slug; absent for a host that leads nowhere. */
  stack: z.string().optional(),
  service: z.string().optional(),
  port: z.string().optional(),
  /** The instance that got it, `host:port`; absent where the front answered itself. */
  target: z.string().optional(),
});
