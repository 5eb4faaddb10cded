import type { Engine } from '../../../src/proxy/engine/engine.ts';
import { createHttpProxyEngine } from '../../../src/proxy/engine/http-proxy/http-proxy.ts';
import { createWireEngine } from '../../../src/proxy/engine/wire/wire.ts';

/** Milliseconds: what a request head may take. A busy machine takes a moment for each; what waits for the limit sets it. */
const HEAD = 10_000;

/** Every engine; connections to targets do not rest before they are used again. */
export const engines: readonly { readonly name: string; readonly create: (head?: number) => Engine }[] = [
  { name: 'http-proxy', create: (head = HEAD) => createHttpProxyEngine({ headTime: head }) },
  {
    name: 'wire',
    create: (head = HEAD) => createWireEngine({ timeouts: { head, halfClosed: 5_000, rest: 0, witness: 0 } }),
  },
];
