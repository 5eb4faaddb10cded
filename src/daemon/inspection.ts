/** The daemon's end of the thread that looks at listeners: a pass takes too long for the front's event loop. */
import { Worker } from 'node:worker_threads';

import { PortrampError } from '../lib/errors.ts';
import type { Claim, Finding, Sighting } from '../ports/findings.ts';
import type { InspectOptions } from '../ports/inspect.ts';

/** One pass: what it found, and what it cost. */
export interface Inspected {
  readonly findings: readonly Finding[];
  /** The listeners of each claim. */
  readonly sightings: readonly Sighting[];
  /** Milliseconds of a core. */
  readonly cost: number;
}

export interface Inspection {
  /** @throws PortrampError INTERNAL when the pass or its thread fails; the next call starts another thread if need be. */
  inspect(claims: readonly Claim[], options: Required<InspectOptions>): Promise<Inspected>;
  /** Ends the thread; the next call starts another one. */
  rest(): void;
}

export interface InspectionRequest {
  readonly id: number;
  readonly claims: readonly Claim[];
  readonly routine: boolean;
}

export type InspectionAnswer = (Inspected | { readonly problem: string }) & { readonly id: number };

interface Pending {
  readonly resolve: (inspected: Inspected) => void;
  readonly reject: (error: PortrampError) => void;
}

/** Written by the build beside the chunk that this module ends up in. */
const PROGRAM = new URL('./inspector.js', import.meta.url);

export function createInspection(program: URL = PROGRAM): Inspection {
  let worker: Worker | undefined;
  let lastId = 0;
  const pending = new Map<number, Pending>();

  const fail = (reason: string): void => {
    worker = undefined;
    for (const { reject } of pending.values()) reject(new PortrampError('INTERNAL', reason));
    pending.clear();
  };

  const start = (): Worker => {
    const next = new Worker(program, { execArgv: [], env: process.env });
    // Only passes that are waited for keep the process alive.
    next.unref();
    next.on('message', ({ id, ...answer }: InspectionAnswer) => {
      const asked = pending.get(id);
      pending.delete(id);
      if ('problem' in answer) {
        asked?.reject(new PortrampError('INTERNAL', `cannot look at the listeners: ${answer.problem}`));
      } else asked?.resolve(answer);
    });
    next.once('error', (error) => fail(`the thread that looks at listeners failed: ${error.message}`));
    next.once('exit', () => {
      if (worker === next) fail('the thread that looks at listeners ended');
    });
    return next;
  };

  return {
    inspect: (claims, { routine }) =>
      new Promise((resolve, reject) => {
        worker ??= start();
        lastId += 1;
        pending.set(lastId, { resolve, reject });
        worker.postMessage({ id: lastId, claims, routine } satisfies InspectionRequest);
      }),
    rest: () => {
      const last = worker;
      if (last === undefined) return;
      fail('the daemon is closing');
      void last.terminate();
    },
  };
}
