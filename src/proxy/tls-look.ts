/** Finds out whether a listener speaks TLS, by offering to. */
import { connect } from 'node:tls';

import type { Target } from './engine/engine.ts';

/** Milliseconds for one handshake: of this machine mostly. */
const TIMEOUT = 1_000;

/** The target was asked in plain HTTP, and speaks TLS. */
export class SpeaksTlsError extends Error {
  constructor() {
    super('it speaks TLS');
  }
}

/** Resolves with whether a TLS handshake succeeds. Never rejects: what cannot be reached speaks nothing. */
export async function speaksTls({ host, port }: Pick<Target, 'host' | 'port'>): Promise<boolean> {
  const hosts = host === '127.0.0.1' || host === 'localhost' ? ['127.0.0.1', '::1'] : [host];
  for (const one of hosts) if (await offer(one, port)) return true;
  return false;
}

function offer(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    // Nothing is said over it, so nobody has to be believed.
    const socket = connect({
      host,
      port,
      servername: 'localhost',
      rejectUnauthorized: false,
      timeout: TIMEOUT,
    });
    const end = (speaks: boolean) => (): void => {
      socket.destroy();
      resolve(speaks);
    };
    socket.once('secureConnect', end(true)).once('timeout', end(false)).once('close', end(false));
    socket.on('error', end(false));
  });
}
