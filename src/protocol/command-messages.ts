/** The parts of messages that go through to a runner: what it is asked to do, and what it answers. */
import { z } from 'zod';

import { portHolder } from './port-messages.ts';

/** The commands that a runner carries out. */
export const runnerCommand = z.discriminatedUnion('action', [
  z.object({ action: z.literal('start'), services: z.array(z.string()) }),
  z.object({ action: z.literal('stop'), services: z.array(z.string()) }),
  z.object({ action: z.literal('restart'), services: z.array(z.string()) }),
  /** Somebody asks for services that start on request. */
  z.object({ action: z.literal('wake'), services: z.array(z.string()) }),
  z.object({
    action: z.literal('scale'),
    service: z.string(),
    replicas: z.number().int().min(1).max(32),
  }),
  z.object({ action: z.literal('explain'), services: z.array(z.string()) }),
  z.object({ action: z.literal('down') }),
  z.object({ action: z.literal('ping') }),
]);

/** The details of a service that only the runner knows. */
export const serviceDetails = z.object({
  name: z.string(),
  needs: z.array(
    z.object({ service: z.string(), condition: z.string(), optional: z.boolean(), met: z.boolean() }),
  ),
  /** The last look at the instance that runs: what was wrong, if anything, and how long ago (milliseconds). */
  probe: z.object({ problem: z.string().optional(), ago: z.number() }).optional(),
  /** While it is stopping: the processes that are left. */
  remains: z.array(portHolder).optional(),
  /** The end of its last process, where none runs: how long ago, and after how long (milliseconds). */
  ended: z
    .object({
      ago: z.number(),
      took: z.number().optional(),
      exitCode: z.number().int().optional(),
      signal: z.string().optional(),
      /** A task that had nothing to do. */
      skipped: z.literal(true).optional(),
    })
    .optional(),
  /** Whether it has been started in this run of the stack, whatever became of it. */
  ran: z.boolean().optional(),
});
/** The answer of a runner to a command. */
export const commandAnswer = z.object({
  message: z.string().optional(),
  /** For `start`, `stop` and `restart`: the services that are meant, those of a named group one by one. */
  services: z.array(z.string()).optional(),
  /** For `restart`: which revision of each service this one asked for. */
  asked: z.record(z.string(), z.number().int()).optional(),
  /** For `explain`. */
  details: z.array(serviceDetails).optional(),
});

export type RunnerCommand = z.output<typeof runnerCommand>;
export type ServiceDetails = z.output<typeof serviceDetails>;
export type CommandAnswer = z.output<typeof commandAnswer>;
