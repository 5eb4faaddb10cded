/**
 * `npm run soak -- [SHARE]`: a million requests, 2,000 restarts and 1,000 edits of the contract (or that share of them,
 * `0.05`), in ten parts. Daemon and runner must have at the end what they had after the first part: memory, without
 * what is compiled of the program, and open descriptors within ten percent. Linux only. Exit code 1 when one of them has
 * grown.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { locateHome } from '../../src/lib/home.ts';
import { connectDaemon, type DaemonClient } from '../../src/protocol/client.ts';
import { createRequests } from './requests.ts';
import { isWithin, measure, renderUsage, type Usage } from './usage.ts';

const PARTS = 10;
const REQUESTS = 1_000_000;
const RESTARTS = 2_000;
const EDITS = 1_000;

const share = Number(process.argv[2] ?? 1);
const portramp = resolve('bin/portramp.js');
const server = resolve('test/process/programs/server.js');
const base = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-soak-')));
const root = join(base, 'shop');
const env = { ...process.env, PORTRAMP_HOME: join(base, 'state'), PORTRAMP_HTTP_PORT: '0', NO_COLOR: '1' };
const run = (...args: string[]): string =>
  execFileSync(process.execPath, [portramp, ...args], { cwd: root, env, encoding: 'utf8' });

/** `api` is asked, `worker` is restarted, `flag` changes with each edit. */
function writeContract(edit: number): void {
  const command = JSON.stringify([process.execPath, server]);
  const service = (more: string): string => `{ command: ${command}, ready: { http: /healthz }${more} }`;
  const text = `version: 1
workspace: soak
services:
  api: ${service('')}
  worker: ${service('')}
  flag: ${service(`, env: { EDIT: "${edit}" }`)}
`;
  writeFileSync(join(root, 'portramp.yaml'), text);
}

interface Seen {
  readonly state: string;
  readonly pid?: number | undefined;
}

async function look(client: DaemonClient, name: string): Promise<Seen | undefined> {
  const { stacks } = await client.request('list', {});
  return stacks[0]?.services.find((service) => service.name === name);
}

/** Does something that gives a service another process, and waits until that is ready. */
async function replace(
  client: DaemonClient,
  name: string,
  act: () => Promise<unknown> | void,
): Promise<void> {
  const before = (await look(client, name))?.pid;
  await act();
  for (;;) {
    const now = await look(client, name);
    if (now?.state === 'ready' && now.pid !== before) return;
    if (now?.state === 'failed') throw new Error(`${name} failed`);
    await pause(20);
  }
}

const times = async (count: number, work: (index: number) => Promise<void>): Promise<void> => {
  for (let index = 0; index < count; index += 1) await work(index);
};

async function soak(): Promise<boolean> {
  mkdirSync(root);
  writeContract(0);
  run('dev', '-d');
  const client = await connectDaemon({
    home: locateHome(env),
    spawn: false,
    version: 'soak',
    onNotice: () => undefined,
  });
  if (client === undefined) throw new Error('no daemon');
  const { stacks } = await client.request('list', {});
  const [stack] = stacks;
  const [port] = stack?.services.find(({ name }) => name === 'api')?.ports ?? [];
  if (stack?.pid === undefined || port?.url === undefined) throw new Error('no stack');
  const key = { root: stack.root, environment: stack.environment };
  const daemon = (JSON.parse(run('daemon', 'status', '--json')) as { pid: number }).pid;
  const requests = createRequests(new URL(port.url));
  const pids = { daemon, runner: stack.pid };
  let edit = 0;
  let first: Record<string, Usage> | undefined;
  let isFine = true;
  for (let part = 1; part <= PARTS; part += 1) {
    await Promise.all([
      requests.send(Math.ceil((REQUESTS * share) / PARTS)),
      times(Math.ceil((RESTARTS * share) / PARTS), () =>
        replace(client, 'worker', () =>
          client.request('command', { stack: key, command: { action: 'restart', services: ['worker'] } }),
        ),
      ),
      times(Math.ceil((EDITS * share) / PARTS), () =>
        replace(client, 'flag', () => writeContract((edit += 1))),
      ),
    ]);
    requests.rest();
    const now = await measure(pids);
    first ??= now;
    console.log(`part ${String(part).padStart(2)}: ${renderUsage(now)}`);
    if (part === PARTS) isFine = isWithin(first, now, 0.1);
  }
  client.close();
  console.log(
    `${requests.sent} requests, ${requests.failed} failed: ${isFine ? 'nothing has grown' : 'GREW'}`,
  );
  return isFine && requests.failed === 0;
}

try {
  process.exitCode = (await soak()) ? 0 : 1;
} finally {
  spawnSync(process.execPath, [portramp, 'down', '--all'], { env, stdio: 'ignore' });
  spawnSync(process.execPath, [portramp, 'daemon', 'stop', '--force'], { env, stdio: 'ignore' });
  rmSync(base, { recursive: true, force: true });
}
