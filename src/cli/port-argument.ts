import { PortrampError } from '../lib/errors.ts';

/** The number of a port as a person types it: `20031` or `:20031`. @throws {PortrampError} for anything else */
export function parsePort(text: string): number {
  const port = Number(/^:?(\d{1,5})$/.exec(text)?.[1]);
  if (port >= 1 && port <= 65_535) return port;
  throw new PortrampError('USAGE', `"${text}" is no port`, { hint: 'a port is a number from 1 to 65535' });
}
