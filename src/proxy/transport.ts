/**
 * Where the connections of an engine come from. Those of the system are the only ones of the product; a test that says
 * what arrives when makes its own.
 */
import { connect as connectTcp, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { adopt, type OnBytes } from './adopt.ts';
import type { Target } from './engine/engine.ts';
import { tlsOptions } from './target-tls.ts';

export interface Transport {
  /** Takes over an accepted connection, which is not to be used any more. @returns the socket in its place */
  adopt(accepted: Socket, onBytes: OnBytes): Socket;
  /** Starts to connect. The socket emits `connect`, or `secureConnect` and `data` where TLS is spoken. */
  connect(target: Target, address: string, onread: OnReadOpts): Socket;
}

export const systemTransport: Transport = {
  adopt,
  connect: (target, address, onread) => {
    const options = { host: address, port: target.port, allowHalfOpen: true, noDelay: true };
    return target.protocol === 'http'
      ? connectTcp({ ...options, autoSelectFamily: false, onread })
      : connectTls({ ...options, ALPNProtocols: ['http/1.1'], ...tlsOptions(target) });
  },
};
