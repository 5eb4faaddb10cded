/** An engine between clients and a service that are all in the hands of a test, as is the time. */
import type { OnReadOpts, Socket } from 'node:net';

import { createReader } from '../../../../src/proxy/adopt.ts';
import type { EngineServer, Handler } from '../../../../src/proxy/engine/engine.ts';
import type { Timeouts } from '../../../../src/proxy/engine/wire/limits.ts';
import { createWireEngine } from '../../../../src/proxy/engine/wire/wire.ts';
import type { Transport } from '../../../../src/proxy/transport.ts';
import { createManualClock, type ClockFaults, type ManualClock } from '../../manual-clock.ts';
import { Peer } from './connection.ts';

export interface NetworkOptions {
  readonly handler?: Handler;
  readonly timeouts?: Partial<Timeouts>;
  readonly clock?: ClockFaults;
  /** Makes the service's end of a new connection; undefined: refused. Default: one that accepts everything. */
  readonly onDial?: (port: number) => Peer | undefined;
}

/** What takes over connections: an engine, or a ramp. */
type Acceptor = Pick<EngineServer, 'accept'>;

export interface Network<Server extends Acceptor = EngineServer> {
  readonly clock: ManualClock;
  readonly server: Server;
  /** The service's ends of all connections, in the order in which they were made. */
  readonly services: readonly Peer[];
  readonly clients: readonly Peer[];
  connect(peer?: Peer): Peer;
  /** Bytes that were read of any connection and have not come out of one. */
  readonly held: number;
  /** Until nothing moves any more but by time. */
  settle(): Promise<void>;
}

export const TARGET = { protocol: 'http', host: '127.0.0.1', port: 4_000 } as const;

const forward: Handler = () => ({
  action: 'forward',
  target: TARGET,
  headers: {},
  onUnreachable: ({ message }) => ({ status: 502, headers: {}, body: message }),
});

/** An engine on a network of its own. */
export function createNetwork(options: NetworkOptions = {}): Network {
  const { handler = forward, timeouts = {} } = options;
  const clock = createManualClock(options.clock);
  return connectTo(clock, options.onDial, (transport) =>
    createWireEngine({ clock, lookUp: undefined, timeouts, transport }).createServer(handler),
  );
}

/** The same for whatever takes over connections. */
export function connectTo<Server extends Acceptor>(
  clock: ManualClock,
  onDial: NetworkOptions['onDial'] = () => new Peer(),
  create: (transport: Transport) => Server,
): Network<Server> {
  const services: Peer[] = [];
  const clients: Peer[] = [];
  const server = create({
    adopt: (socket, onBytes) => {
      endOf(socket).begin(createReader(onBytes, () => undefined));
      return socket;
    },
    connect: ({ port }, _address, onread) => dial(onDial(port), onread, services),
  });
  const sum = (of: (peer: Peer) => number): number =>
    [...clients, ...services].reduce((total, peer) => total + of(peer), 0);
  return {
    clock,
    server,
    services,
    clients,
    connect: (peer = new Peer()) => {
      clients.push(peer);
      server.accept(peer.socket);
      return peer;
    },
    get held() {
      return sum(({ taken }) => taken) - sum(({ delivered }) => delivered);
    },
    settle: async () => {
      let before = -1;
      for (let quiet = 0; quiet < 4;) {
        await new Promise((resolve) => setImmediate(resolve));
        const now = sum(({ taken, delivered }) => taken + delivered) + services.length;
        quiet = now === before ? quiet + 1 : 0;
        before = now;
      }
    },
  };
}

type End = Peer['end'];

const endOf = (socket: Socket): End => socket as unknown as End;

function dial(peer: Peer | undefined, onread: OnReadOpts, services: Peer[]): Socket {
  const { end, socket } = peer ?? new Peer();
  setImmediate(() => {
    if (end.destroyed) return;
    if (peer === undefined) {
      end.destroy(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
      return;
    }
    services.push(peer);
    end.emit('connect');
    end.begin(onread);
  });
  return socket;
}
