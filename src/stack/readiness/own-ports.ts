/** Which port of a service its readiness depends on. Pure. */
import type { Readiness } from '../../contract/contract.ts';
import { PortrampError } from '../../lib/errors.ts';
import type { ResolvedPort } from '../../plan/plan.ts';

/**
 * The port that has to listen beside what the probe says: the primary one. A service whose contract names no port and
 * has a log line, a command or a file to go by may have none.
 */
export function requiredPort(ready: Readiness, ports: readonly ResolvedPort[]): ResolvedPort | undefined {
  const primary = primaryOf(ports);
  const probeAlone = ready.kind === 'log' || ready.kind === 'exec' || ready.kind === 'file';
  return primary?.implicit === true && probeAlone ? undefined : primary;
}

export const primaryOf = (ports: readonly ResolvedPort[]): ResolvedPort | undefined =>
  ports.find((one) => one.primary) ?? ports[0];

/** The port of its own that a service's probe asks; undefined for a probe that asks something else. */
export function askedPort(ready: Readiness, ports: readonly ResolvedPort[]): ResolvedPort | undefined {
  const asks = ready.kind === 'tcp' || (ready.kind === 'http' && !/^https?:/.test(ready.path));
  return asks ? portNamed(ports, ready.port) : undefined;
}

export function portNamed(ports: readonly ResolvedPort[], name: string | undefined): ResolvedPort {
  const port = name === undefined ? primaryOf(ports) : ports.find((one) => one.name === name);
  if (port !== undefined) return port;
  throw new PortrampError('INTERNAL', 'a readiness probe names a port that the service does not have');
}
