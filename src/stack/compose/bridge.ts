/**
 * Lets containers reach processes of this machine, which listen on loopback only. For each port that the contract lets a
 * container consume, a listener on the address of the engine's bridge, and on no other, passes bytes on to it.
 */
import { execFile } from 'node:child_process';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { promisify } from 'node:util';

import { messageOf } from '../../lib/errors.ts';

export interface Bridge {
  /** What containers dial. */
  readonly number: number;
  /** Where the process listens, on loopback. */
  readonly target: number;
}

export interface Bridges {
  /** Makes these all the bridges there are. */
  set(bridges: readonly Bridge[]): Promise<void>;
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
          server.once('error', (error) => {
            onProblem(`containers cannot reach port ${target}: ${messageOf(error)}`);
            resolve();
          });
          server.listen({ host, port: number }, resolve);
        });
      }
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

/** The default network of each engine; that of Podman has another name, also for `docker` at Podman's socket. */
const NETWORKS = [
  ['docker', 'bridge', '{{range .IPAM.Config}}{{.Gateway}} {{end}}'],
  ['docker', 'podman', '{{range .IPAM.Config}}{{.Gateway}} {{end}}'],
  ['podman', 'podman', '{{range .Subnets}}{{.Gateway}} {{end}}'],
] as const;

/**
 * The gateway of the engine's default bridge, which `host-gateway` stands for. Undefined where the engine is not on
 * this machine's own kernel: there (Docker Desktop and the like) it leads to loopback by itself.
 */
export async function findBridgeAddress(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  for (const [program, network, format] of NETWORKS) {
    try {
      const { stdout } = await promisify(execFile)(
        program,
        ['network', 'inspect', network, '--format', format],
        {
          env: { ...environment },
          timeout: 10_000,
        },
      );
      const address = stdout.split(/\s+/).find((word) => /^\d+\.\d+\.\d+\.\d+$/.test(word));
      if (address !== undefined) return address;
    } catch {
      // Not this engine.
    }
  }
  return undefined;
}
