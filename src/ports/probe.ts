/** Binds a port for a moment to tell whether a service can have it, whatever address it chooses. */
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';

import getPort, { clearLockedPorts } from 'get-port';

import { whenDescriptorsAllow } from '../lib/descriptors.ts';
import { errnoOf } from '../lib/errors.ts';

/**
 * - `free`: it was bound on every address that matters here
 * - `taken`: some socket has it
 * - `forbidden`: this user may not bind it (bind(2) EACCES: below `ip_unprivileged_port_start`, a reserved range of
 *   Windows), which says nothing of whether somebody has it
 */
export type PortState = 'free' | 'taken' | 'forbidden';

/** Binds a port of an address, and gives it back. @throws what `listen` throws */
export type BindOnce = (port: number, host: string) => Promise<void>;

/** The address does not exist here, or the family does not: nobody can hold the port on it. */
const NO_SUCH_ADDRESS = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL', 'EPROTONOSUPPORT'];

/**
 * Binds the port for a moment on every address that matters here.
 * @throws what else goes wrong with a bind: then nothing is known of the port
 */
export async function probePort(port: number, bind: BindOnce = bindOnce): Promise<PortState> {
  const ipv6Works = await hasIpv6(bind);
  const hosts = await whenDescriptorsAllow(async () => probeAddresses(process.platform, ipv6Works));
  let state: PortState = 'free';
  for (const host of hosts) {
    const found = await probeOn(port, host, bind);
    if (found === 'taken') return found;
    if (found === 'forbidden') state = found;
  }
  return state;
}

/** Says whether a service can have the port: nobody holds it, and this user may bind it. */
export const isPortFree = async (port: number): Promise<boolean> => (await probePort(port)) === 'free';

/**
 * Lists the addresses to probe: the one place that knows what each system's bind tells. On Linux a bind of `::` (both families)
 * meets every holder, on whichever address; without IPv6, `0.0.0.0` meets every holder. On macOS and Windows a
 * wildcard and a specific address can coexist, so each is asked.
 */
export function probeAddresses(platform: NodeJS.Platform, ipv6: boolean): string[] {
  if (platform === 'linux') return ipv6 ? ['::'] : ['0.0.0.0', ...localAddresses()];
  return [...new Set(['::', '0.0.0.0', '127.0.0.1', '::1', ...localAddresses()])];
}

function localAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .map(({ address, scopeid }) => (scopeid ? `${address}%${scopeid}` : address));
}

async function probeOn(port: number, host: string, bind: BindOnce): Promise<PortState> {
  try {
    await whenDescriptorsAllow(() => bind(port, host));
    return 'free';
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (NO_SUCH_ADDRESS.includes(errno)) return 'free';
    if (errno === 'EADDRINUSE') return 'taken';
    if (errno === 'EACCES') return 'forbidden';
    throw error;
  }
}

/** get-port says whether the port can be had, and goes on to any other where not: why not, a bind of our own tells. */
async function bindOnce(port: number, host: string): Promise<void> {
  try {
    if ((await getPort({ port, host })) !== port && port !== 0) await listenOnce(port, host);
  } finally {
    // It also remembers its answers for half a minute, which is the ledger's work here.
    clearLockedPorts();
  }
}

function listenOnce(port: number, host: string): Promise<void> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve()));
  });
}

let ipv6: Promise<boolean> | undefined;

/** Whether this system can bind `::` at all; asked once. */
function hasIpv6(bind: BindOnce): Promise<boolean> {
  ipv6 ??= whenDescriptorsAllow(() => bind(0, '::')).then(
    () => true,
    (error: unknown) => {
      if (NO_SUCH_ADDRESS.includes(errnoOf(error) ?? '')) return false;
      // What could not be found out is asked again.
      ipv6 = undefined;
      throw error;
    },
  );
  return ipv6;
}
