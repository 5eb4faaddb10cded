/** The listener on a service's port that leads to its instances. */
import type { Socket } from 'node:net';

import type { AppProtocol } from '../../contract/contract.ts';
import type { Clock } from '../../lib/clock.ts';
import { createQueue } from '../../lib/queue.ts';
import type { Engine } from '../../proxy/engine/engine.ts';
import { listen, type Listener } from '../../proxy/listener.ts';
import type { Traffic } from '../../proxy/traffic.ts';
import { createGate, type GateState } from './gate.ts';
import { createH2cRelay } from './h2c.ts';
import { createHttpRelay } from './http.ts';
import { createTcpRelay, type Relay } from './tcp.ts';

export interface RampState extends GateState {
  /** "Connected" must not lie: without it, dials are refused. */
  readonly listens: boolean;
}

export interface Ramp {
  readonly port: number;
  readonly protocol: AppProtocol;
  /** Takes effect at once; opens and closes the listener soon after. */
  set(state: RampState): void;
  /** Listens, and holds whoever comes. @throws what `listen` throws (EADDRINUSE). */
  open(): Promise<void>;
  close(): Promise<void>;
}

export interface RampOptions {
  readonly service: string;
  readonly port: number;
  readonly protocol: AppProtocol;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly traffic: Traffic;
  /** The last lines that the service printed. */
  readonly lines: () => readonly string[];
  /** Somebody waits, and no instance is there. */
  readonly onWait: () => void;
  readonly onProblem: (error: unknown) => void;
}

export function createRamp(options: RampOptions): Ramp {
  const { port, protocol, onProblem } = options;
  const gate = createGate(options);
  const relay = createRelay(gate, options);
  const inTurn = createQueue();
  let listener: Listener | undefined;
  let wanted = false;

  const openNow = async (): Promise<void> => {
    listener ??= await listen(port, (socket: Socket) => relay.accept(socket));
  };
  const closeNow = async (): Promise<void> => {
    const closing = listener;
    listener = undefined;
    await closing?.close();
  };
  // What is wanted may have changed until it is this task's turn.
  const adjust = (): Promise<void> => inTurn(() => (wanted ? openNow() : closeNow()));

  return {
    port,
    protocol,
    set: ({ listens, ...state }) => {
      gate.set(state);
      if (listens === wanted) return;
      wanted = listens;
      adjust().catch(onProblem);
    },
    open: () => {
      if (!wanted) gate.set({ targets: [], holds: true });
      wanted = true;
      return adjust();
    },
    close: async () => {
      wanted = false;
      gate.set({ targets: [], holds: false });
      await adjust();
      await relay.close();
    },
  };
}

function createRelay(gate: ReturnType<typeof createGate>, options: RampOptions): Relay {
  switch (options.protocol) {
    case 'http':
      return createHttpRelay(gate, options);
    case 'h2c':
    case 'grpc':
      return createH2cRelay(gate, options.service);
    case 'https':
    case 'tcp':
      // What is encrypted end to end can only be relayed as it is.
      return createTcpRelay(gate);
  }
}
