import type { Engine } from '../../../src/proxy/engine/engine.ts';
import { createHttpProxyEngine } from '../../../src/proxy/engine/http-proxy/http-proxy.ts';

/** Every engine, with a short time for request heads. */
export const engines: readonly { readonly name: string; readonly create: () => Engine }[] = [
  { name: 'http-proxy', create: () => createHttpProxyEngine({ headTime: 400 }) },
];
