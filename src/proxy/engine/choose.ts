import { PortrampError } from '../../lib/errors.ts';
import type { Engine } from './engine.ts';
import { createHttpProxyEngine } from './http-proxy/http-proxy.ts';
import { createWireEngine } from './wire/wire.ts';

const ENGINES: Readonly<Record<Engine['name'], () => Engine>> = {
  wire: () => createWireEngine(),
  'http-proxy': () => createHttpProxyEngine(),
};

/**
 * The engine of the front and of the ramps: `wire`, unless `PORTRAMP_ENGINE` names another.
 * @throws PortrampError USAGE for a name that no engine has
 */
export function chooseEngine(name: string | undefined): Engine {
  const wanted = name === undefined || name === '' ? 'wire' : name;
  if (isEngine(wanted)) return ENGINES[wanted]();
  throw new PortrampError('USAGE', `PORTRAMP_ENGINE is "${wanted}", which no engine is called`, {
    hint: `unset it, or set it to ${Object.keys(ENGINES).join(' or ')}`,
  });
}

const isEngine = (name: string): name is Engine['name'] => Object.hasOwn(ENGINES, name);
