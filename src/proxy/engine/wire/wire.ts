/** The engine on plain sockets: HTTP/1.1 as RFC 9110 and RFC 9112 say, read strictly and forwarded as it came. */
import type { Socket } from 'node:net';

import { systemClock, type Clock } from '../../../lib/clock.ts';
import { createPool } from '../../pool.ts';
import { createPresence, systemLookUp, type PresenceOptions } from '../../presence.ts';
import { systemTransport, type Transport } from '../../transport.ts';
import { Wheel } from '../../wheel.ts';
import type { Engine, EngineServer, Handler } from '../engine.ts';
import { Client } from './client.ts';
import { TIMEOUTS, type Timeouts } from './limits.ts';
import { ServerContext } from './server-context.ts';

export interface WireOptions {
  readonly timeouts?: Partial<Timeouts>;
  readonly clock?: Clock;
  /** How clients that have sent FIN are looked up; default: as the system can. */
  readonly lookUp?: PresenceOptions['lookUp'];
  /** Default: that of the system. */
  readonly transport?: Transport;
}

export function createWireEngine(options: WireOptions = {}): Engine {
  return { name: 'wire', createServer: (handler) => createServer(handler, options) };
}

function createServer(handler: Handler, options: WireOptions): EngineServer {
  const clock = options.clock ?? systemClock;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const { transport = systemTransport } = options;
  const wheel = new Wheel(clock);
  const pool = createPool({
    clock,
    wheel,
    transport,
    connectTimeout: timeouts.connect,
    rest: timeouts.rest,
    witness: timeouts.witness,
  });
  const lookUp = 'lookUp' in options ? options.lookUp : systemLookUp;
  const presence = createPresence({ clock, lookUp });
  const now = (): number => clock.now();
  const context = new ServerContext({ handler, pool, presence, wheel, timeouts, transport, now });
  const { clients } = context;
  return {
    accept: (socket: Socket) => {
      if (context.closing) {
        socket.destroy();
        return;
      }
      clients.add(new Client(socket, context));
    },
    get connections() {
      return clients.size;
    },
    close: async (deadline) => {
      context.closing = true;
      for (const client of clients) {
        if (client.waiting) client.close();
      }
      if (clients.size > 0) {
        await new Promise<void>((resolve) => {
          const cancel = clock.after(deadline, () => {
            for (const client of clients) client.destroy();
          });
          context.onEmpty = () => {
            cancel();
            resolve();
          };
        });
      }
      pool.close();
    },
  };
}
