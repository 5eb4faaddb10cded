/** A daemon in this process, with a private home and a front that only writes down what it is told. */
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

import { systemClock } from '../../../src/lib/clock.ts';
import { Emitter } from '../../../src/lib/emitter.ts';
import { createTraffic } from '../../../src/proxy/traffic.ts';
import { startDaemon, type Daemon, type DaemonOptions } from '../../../src/daemon/daemon.ts';
import type { Front } from '../../../src/front/front.ts';
import type { RequestEvent } from '../../../src/front/observe.ts';
import type { FrontStack } from '../../../src/front/table.ts';
import { locateHome, type Home } from '../../../src/lib/home.ts';
import { connectDaemon, type ConnectOptions, type DaemonClient } from '../../../src/protocol/client.ts';
import type { StackClaim, StackKey, StackSnapshot } from '../../../src/protocol/messages.ts';

export interface Scene {
  readonly home: Home;
  readonly front: {
    readonly tables: FrontStack[][];
    readonly requests: Emitter<RequestEvent>;
    expected: ReadonlySet<string>;
  };
  readonly log: string[];
  /** A folder that can be the root of a stack. */
  makeRoot(name: string): string;
  start(options?: Partial<DaemonOptions>): Promise<Daemon>;
  connect(options?: Partial<ConnectOptions>): Promise<DaemonClient>;
  /** Ends the daemon and waits for it. */
  stop(): Promise<void>;
  /** Closes everything and proves that nothing is left. */
  close(): Promise<void>;
}

export function createScene(folder = ''): Scene {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-daemon-')));
  const home = locateHome({ PORTRAMP_HOME: join(base, folder, 'home'), XDG_RUNTIME_DIR: base });
  const front: Scene['front'] = { tables: [], requests: new Emitter(), expected: new Set() };
  const log: string[] = [];
  const clients: DaemonClient[] = [];
  let daemon: Daemon | undefined;

  const stop = async (): Promise<void> => {
    daemon?.end('stop');
    await daemon?.ended;
    daemon = undefined;
  };
  return {
    home,
    front,
    log,
    makeRoot: (name) => mkdtempSync(join(base, `${name}-`)),
    start: async (options = {}) => {
      const started = await startDaemon({
        home,
        version: '1.0.0',
        environment: { PORTRAMP_HTTP_PORT: '0' },
        front: createSilentFront(front),
        log: (line) => log.push(line),
        onDisplaced: () => undefined,
        ...options,
      });
      if (typeof started === 'symbol') throw new Error('a daemon is running already');
      daemon = started;
      return started;
    },
    connect: async (options = {}) => {
      const client = await connectDaemon({ home, version: '1.0.0', ...options, spawn: false });
      if (client === undefined) throw new Error('no daemon is running');
      clients.push(client);
      return client;
    },
    stop,
    close: async () => {
      for (const client of clients) client.close();
      await stop();
      expect(existsSync(home.socket)).toBe(false);
      expect(existsSync(home.lock)).toBe(false);
      rmSync(base, { recursive: true });
    },
  };
}

function createSilentFront(seen: Scene['front']): Front {
  let port: number | undefined;
  return {
    traffic: createTraffic(systemClock),
    wakes: new Emitter(),
    speaksTls: new Emitter(),
    knowsTls: () => false,
    sightingOf: () => undefined,
    requests: seen.requests,
    publish: (stacks) => void seen.tables.push([...stacks]),
    expect: (hosts) => {
      seen.expected = hosts;
    },
    listen: async (wanted) => {
      port = wanted === 0 ? 7_999 : wanted;
      return port;
    },
    close: async () => undefined,
    get port() {
      return port;
    },
  };
}

export const claimFor = (root: string, workspace: string, more: Partial<StackClaim> = {}): StackClaim => ({
  root,
  environment: 'dev',
  workspace,
  workspaceId: `id of ${root}`,
  main: true,
  ...more,
});

/** One service `api` with one port and these hosts. */
export function snapshotOf(port: number, hosts: readonly string[]): StackSnapshot {
  const target = { protocol: 'http' as const, host: '127.0.0.1', port };
  return {
    services: [
      {
        name: 'api',
        kind: 'process',
        state: 'ready',
        restarts: 0,
        ports: [{ name: 'http', appProtocol: 'http', port, targetPort: port, hosts: [...hosts] }],
      },
    ],
    routes: hosts.map((host) => ({
      host,
      service: 'api',
      port: 'http',
      route: { state: 'live' as const, targets: [target] },
    })),
  };
}

/** Claims a name, leases a port, attaches and publishes: a runner in four lines. */
export async function runStack(
  client: DaemonClient,
  claim: StackClaim,
): Promise<{ key: StackKey; slug: string; port: number; refused: Record<string, string> }> {
  const key = { root: claim.root, environment: claim.environment };
  const { stack } = await client.request('claim', claim);
  const { leases } = await client.request('lease', { stack: key, ports: [{ service: 'api', port: 'http' }] });
  const port = leases[0]?.number ?? 0;
  await client.request('attach', { stack: key, pid: process.pid });
  const hosts = [`api.${stack.slug}.localhost`, 'api.localhost'];
  const { refusedHosts } = await client.request('publish', { stack: key, snapshot: snapshotOf(port, hosts) });
  return { key, slug: stack.slug, port, refused: refusedHosts };
}
