/** Is a port free, that is, can a service bind it whatever address it chooses? */
import { networkInterfaces } from 'node:os';

import getPort, { clearLockedPorts } from 'get-port';

import { whenDescriptorsAllow } from '../lib/descriptors.ts';
import { errnoOf } from '../lib/errors.ts';

/** The address does not exist here, or the family does not: nobody can hold the port on it. */
const NO_SUCH_ADDRESS = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL', 'EPROTONOSUPPORT'];

/**
 * Binds the port for a moment on every address that matters here. A port that this user may not bind
 * (privileged) counts as taken.
 */
export async function isPortFree(port: number): Promise<boolean> {
  const ipv6Works = await hasIpv6();
  const hosts = await whenDescriptorsAllow(async () => probeAddresses(process.platform, ipv6Works));
  for (const host of hosts) {
    if (!(await isFreeOn(port, host))) return false;
  }
  return true;
}

/**
 * Where to probe: the one place that knows what each system's bind tells. On Linux a bind of `::` (both families)
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

async function isFreeOn(port: number, host: string): Promise<boolean> {
  try {
    // get-port goes on to any free port when its candidate is taken: another answer means "taken".
    return (await whenDescriptorsAllow(() => getPort({ port, host }))) === port;
  } catch (error) {
    if (NO_SUCH_ADDRESS.includes(errnoOf(error) ?? '')) return true;
    throw error;
  } finally {
    // It also remembers its answers for half a minute, which is the ledger's work here.
    clearLockedPorts();
  }
}

let ipv6: Promise<boolean> | undefined;

/** Whether this system can bind `::` at all; asked once. */
function hasIpv6(): Promise<boolean> {
  ipv6 ??= whenDescriptorsAllow(() => getPort({ host: '::' })).then(
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
