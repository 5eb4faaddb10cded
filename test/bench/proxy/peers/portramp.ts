import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import packageJson from '../../../../package.json' with { type: 'json' };
import { readFrontNumber } from '../../../../src/daemon/front-store.ts';
import { daemonEnvironment } from '../../../../src/protocol/spawn.ts';
import { locateHome, type Home } from '../../../../src/lib/home.ts';
import type { Program, Workshop } from '../workshop.ts';
import {
  nodeCommand,
  waitForAnswer,
  type Entrance,
  type FindPeer,
  type Peer,
  type PeerOptions,
} from './peer.ts';

const DIST = resolve('dist');

type EngineName = 'wire' | 'http-proxy';

/** The daemon as it is shipped, and a stack whose contract leads to the backend. */
const createPortramp = (name: string, engine: EngineName): Peer => ({
  name,
  runtime: `portramp ${packageJson.version} (${engine}), Node ${process.versions.node}`,
  start: (workshop, backend, options = {}) => startPortramp(workshop, backend, { engine, ...options }),
});

export const findPortramp: FindPeer = async () => createPortramp('portramp', 'wire');
export const findEscapeHatch: FindPeer = async () => createPortramp('portramp-http-proxy', 'http-proxy');

export interface PortrampOptions extends PeerOptions {
  readonly engine?: EngineName;
  /** Further host names that lead to the backend. */
  readonly hosts?: readonly string[];
}

let count = 0;

export async function startPortramp(
  workshop: Workshop,
  backend: number,
  { engine = 'wire', hosts = [], ...options }: PortrampOptions = {},
): Promise<Entrance> {
  const root = join(workshop.folder, `portramp-${(count += 1)}`);
  mkdirSync(root);
  const env = {
    ...process.env,
    PORTRAMP_HOME: join(root, 'state'),
    PORTRAMP_HTTP_PORT: '0',
    PORTRAMP_ENGINE: engine,
    NO_COLOR: '1',
  };
  writeFileSync(join(root, 'portramp.yaml'), contractOf(backend, hosts));
  const home = locateHome(env);
  const daemon = workshop.start(
    'proxy',
    [...nodeCommand(process.execPath, options), join(DIST, 'daemon.js')],
    {
      env: daemonEnvironment(home, env),
    },
  );
  const port = await waitForFrontPort(home, daemon);
  const runner = workshop.start('load', [process.execPath, join(DIST, 'portramp.js'), 'dev'], {
    cwd: root,
    env,
  });
  const close = async (): Promise<void> => {
    await runner.stop();
    await daemon.stop();
  };
  const entrance = { port, host: 'backend.bench.localhost', pid: daemon.pid, close, ...options };
  return waitForAnswer('portramp', entrance, runner);
}

function contractOf(backend: number, hosts: readonly string[]): string {
  const service = {
    external: `http://127.0.0.1:${backend}`,
    ...(hosts.length === 0 ? {} : { ports: { http: { host: ['backend', ...hosts] } } }),
  };
  return `version: 1\nworkspace: bench\nservices:\n  backend: ${JSON.stringify(service)}\n`;
}

/** The daemon writes it down once it listens. */
async function waitForFrontPort(home: Home, daemon: Program): Promise<number> {
  for (;;) {
    const port = (await readFrontNumber(home.front)).number?.http;
    if (port !== undefined) return port;
    if (daemon.ended()) throw new Error(`the daemon of portramp ended\n${daemon.output()}`);
    await pause(10);
  }
}
