/**
 * Lets containers reach processes of this machine, which listen on loopback only. For each port that the contract lets a
 * container consume, a listener on the address of the engine's bridge, and on no other, passes bytes on to it.
 */
import { connect, createServer, isIPv4, type Server, type Socket } from 'node:net';

import { z } from 'zod';

import { messageOf } from '../../lib/errors.ts';
import type { EngineClient } from '../../runtime/engine/client.ts';

export interface Bridge {
  /** What containers dial. */
  readonly number: number;
  /** Where the process listens, on loopback. */
  readonly target: number;
}

export interface Bridges {
  /** Makes these all the bridges there are. False when there is no address for them (yet). */
  set(bridges: readonly Bridge[]): Promise<boolean>;
  close(): Promise<void>;
}

/** @param address Of the engine's bridge; undefined where the engine leads `host-gateway` to loopback itself. */
export function createBridges(
  address: () => Promise<string | undefined>,
  onProblem: (text: string) => void,
): Bridges {
  const open = new Map<
    number,
    { readonly target: number; readonly server: Server; readonly sockets: Set<Socket> }
  >();

  const close = async (number: number): Promise<void> => {
    const bridge = open.get(number);
    open.delete(number);
    for (const socket of bridge?.sockets ?? []) socket.destroy();
    await new Promise<void>((resolve) =>
      bridge === undefined ? resolve() : bridge.server.close(() => resolve()),
    );
  };

  return {
    set: async (bridges) => {
      const host = bridges.length === 0 ? undefined : await address();
      const wanted = new Map(host === undefined ? [] : bridges.map(({ number, target }) => [number, target]));
      for (const [number, { target }] of open) if (wanted.get(number) !== target) await close(number);
      for (const [number, target] of wanted) {
        if (host === undefined || open.has(number)) continue;
        const sockets = new Set<Socket>();
        const server = createServer({ allowHalfOpen: true }, (socket) => pass(socket, target, sockets));
        open.set(number, { target, server, sockets });
        await new Promise<void>((resolve) => {
          // For as long as it listens: a connection that cannot be accepted is told too.
          server.on('error', (error) => {
            onProblem(`containers cannot reach port ${target}: ${messageOf(error)}`);
            resolve();
          });
          server.listen({ host, port: number }, resolve);
        });
      }
      return bridges.length === 0 || host !== undefined;
    },
    close: async () => {
      for (const number of open.keys()) await close(number);
    },
  };
}

/** Bytes both ways; each end that closes closes the other. */
function pass(from: Socket, target: number, sockets: Set<Socket>): void {
  const to = connect({ host: '127.0.0.1', port: target, allowHalfOpen: true });
  for (const [socket, other] of [
    [from, to],
    [to, from],
  ] as const) {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => other.destroy());
    socket.once('close', () => {
      sockets.delete(socket);
      if (socket.errored !== null) other.destroy();
    });
    socket.pipe(other);
  }
}

/** The default network of Docker, and of Podman, also for `docker` at Podman's socket. */
const NETWORKS = ['bridge', 'podman'];

const network = z.object({
  IPAM: z.object({ Config: z.array(z.object({ Gateway: z.string().nullish() })).nullish() }),
});

/**
 * Asks for the gateway of the engine's default bridge, which `host-gateway` stands for. Undefined where the engine does
 * not answer, or is not on this machine's own kernel: there (Docker Desktop and the like) it leads to loopback by itself.
 */
export async function findBridgeAddress(engine: EngineClient): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  for (const name of NETWORKS) {
    const { data } = network.safeParse(await engine.get(`/networks/${name}`).catch(() => undefined));
    const gateways = (data?.IPAM.Config ?? []).map(({ Gateway }) => Gateway ?? '');
    const address = gateways.find((each) => isIPv4(each));
    if (address !== undefined) return address;
  }
  return undefined;
}
