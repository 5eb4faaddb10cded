import type { Engine } from '../../../src/proxy/engine/engine.ts';
import { createHttpProxyEngine } from '../../../src/proxy/engine/http-proxy/http-proxy.ts';
import { createWireEngine } from '../../../src/proxy/engine/wire/wire.ts';

/** Every engine, with a short time for request heads; connections to targets do not rest before they are used again. */
export const engines: readonly { readonly name: string; readonly create: () => Engine }[] = [
  { name: 'http-proxy', create: () => createHttpProxyEngine({ headTime: 400 }) },
  { name: 'wire', create: () => createWireEngine({ timeouts: { head: 400, halfClosed: 400, rest: 0 } }) },
];
