/** The environment of a child: the shell's, what the contract says over it, and what portramp needs. */
import { fileURLToPath } from 'node:url';

import { preload } from './preload.ts';

export interface ChildExtras {
  /** The value of PORTRAMP_RUN: how descendants are recognised that left their group. */
  readonly marker?: string;
  /** Ask for colours, because what the child prints reaches a terminal. */
  readonly color?: boolean;
  /** Whether Node children resolve `*.localhost` themselves. */
  readonly resolveLocalhost: boolean;
  /** Names outside of `.localhost` under which browsers reach the child; `*.` in front of all below one. */
  readonly domains: readonly string[];
}

/** Vite refuses other hosts than `*.localhost`, unless it is told (https://vite.dev/config/server-options). */
const VITE_HOSTS = '__VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS';

/** Written by the build beside the chunk that this module ends up in. */
const LOCALHOST_MODULE = fileURLToPath(new URL('./localhost.cjs', import.meta.url));

/** Variables of portramp's own processes that are nobody else's business. */
const OWN = ['PORTRAMP_RUN', 'PORTRAMP_DETACHED'];

/** Pure but for the place of this module. */
export function childEnvironment(
  ambient: Readonly<Record<string, string | undefined>>,
  service: { readonly env: Readonly<Record<string, string>>; readonly unset: readonly string[] },
  extras: ChildExtras,
): Record<string, string> {
  const hidden = new Set([...OWN, ...service.unset]);
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(ambient)) {
    if (value !== undefined && !hidden.has(name)) env[name] = value;
  }
  Object.assign(env, service.env);
  if (extras.marker !== undefined) env['PORTRAMP_RUN'] = extras.marker;
  if (extras.color && env['NO_COLOR'] === undefined) env['FORCE_COLOR'] ??= '1';
  if (extras.resolveLocalhost && !hidden.has('NODE_OPTIONS')) {
    env['NODE_OPTIONS'] = preload(LOCALHOST_MODULE, env['NODE_OPTIONS']);
  }
  if (extras.domains.length > 0 && !hidden.has(VITE_HOSTS)) {
    env[VITE_HOSTS] ??= extras.domains.map((domain) => domain.replace(/^\*\./, '.')).join(',');
  }
  return env;
}
