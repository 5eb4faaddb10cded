/** Which engine proxies: `wire`, unless the user asks for the one on the npm package. */
import { PortrampError } from '../../lib/errors.ts';
import type { Engine } from './engine.ts';

/**
 * Loads that engine alone.
 * @param name the value of PORTRAMP_ENGINE; undefined or empty is `wire`
 * @throws PortrampError USAGE for a name that no engine has
 */
export async function chooseEngine(name: string | undefined): Promise<Engine> {
  switch (name) {
    case undefined:
    case '':
    case 'wire': {
      const { createWireEngine } = await import('./wire/wire.ts');
      return createWireEngine();
    }
    case 'http-proxy': {
      const { createHttpProxyEngine } = await import('./http-proxy/http-proxy.ts');
      return createHttpProxyEngine();
    }
    default:
      throw new PortrampError(
        'USAGE',
        `PORTRAMP_ENGINE is ${JSON.stringify(name)}, and no engine has that name`,
        {
          hint: 'unset PORTRAMP_ENGINE, or set it to wire (what is used without it) or http-proxy',
        },
      );
  }
}
