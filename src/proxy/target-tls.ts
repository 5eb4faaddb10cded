/** TLS towards a target, for both engines. Pure. */
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';

import type { Target } from './engine/engine.ts';

/** What of Node's options a target decides. The certificate is checked against its name, not against the Host header. */
export function tlsOptions({
  host,
  tls,
}: Target): Pick<ConnectionOptions, 'ca' | 'rejectUnauthorized' | 'servername'> {
  // An address is no server name (RFC 6066 §3), but is still what the certificate must be for.
  const servername = tls?.serverName ?? (isIP(host) === 0 ? host : '');
  return {
    servername,
    rejectUnauthorized: tls?.verify !== false,
    ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
  };
}

/** Whether connections to one may be used for the other. */
export const isSameTarget = (one: Target, other: Target): boolean =>
  one.host === other.host &&
  one.port === other.port &&
  one.protocol === other.protocol &&
  (one.tls === other.tls ||
    (one.tls?.verify === other.tls?.verify &&
      one.tls?.ca === other.tls?.ca &&
      one.tls?.serverName === other.tls?.serverName));
