/** Leases that cannot lie, from the contract to the browser: ghosts, ports that were ignored, numbers that move. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import type { Ledger } from '../../../src/ports/ledger.ts';
import { createMachine, node, program, request, type Machine, type Workspace } from '../workspace.ts';
import { LAN, createListeners, pickPort } from './scene.ts';

let machine: Machine;
const listeners = createListeners();

beforeEach(() => {
  machine = createMachine();
});
afterEach(async () => {
  await listeners.close();
  await machine.close();
});

const portOf = async (workspace: Workspace, service: string, name = 'http'): Promise<number> => {
  const port = (await workspace.service(service)).ports.find((one) => one.name === name);
  if (port === undefined) throw new Error(`${service} has no port ${name}`);
  return port.port;
};

const shop = (api: string): string => `
version: 1
workspace: shop
services:
  api:
    command: ${node('server.js')}
    ready: { http: /healthz }
    ${api}
  web:
    command: ${node('server.js')}
    consumes: [api]
`;

/** The pairs of the bind table that coexist: where the service listens, and where the ghost does. */
const GHOSTS: [string, string | undefined][] = [
  ['127.0.0.1', '::1'],
  ['127.0.0.1', '127.0.0.2'],
  ['127.0.0.1', LAN],
  ['0.0.0.0', '::1'],
  ['::1', '127.0.0.1'],
  ['::1', '0.0.0.0'],
  ['::1', '127.0.0.2'],
  ['::1', LAN],
];

describe.skipIf(process.platform !== 'linux')('a ghost', () => {
  it.each(GHOSTS)(
    'beside a service on %s, on %s, is reported and never routed once found',
    async (own, other) => {
      if (other === undefined) return console.log('skipped: this machine has no address but loopback');
      const workspace = machine.workspace('shop', shop(`env: { HOST: "${own}" }`));
      const dev = workspace.start('dev');
      await workspace.until('api', 'ready');
      const port = await portOf(workspace, 'api');
      expect((await machine.get('api.shop.localhost')).body).toContain('"service":"api"');

      const ghost = await listeners.start(other, port);
      expect(ghost.said.error).toBeUndefined();
      const failed = await workspace.until('api', 'failed');
      const command = `${process.execPath} ${program('listener.js')} ${other} ${port}`;
      expect(failed.failure?.message).toBe(
        `port ${port} (http) is shared with ${command} (pid ${ghost.said.pid}, in ${process.cwd()}); it listens on ${other}`,
      );
      expect(failed.failure?.hint).toContain(`end it: kill ${ghost.said.pid}, then start api again`);
      await dev.prints(/is shared with/);
      for (let request = 0; request < 5; request += 1) {
        const { status, body } = await machine.get('api.shop.localhost');
        expect(status).toBe(503);
        expect(body).toContain('is shared with');
      }
    },
  );

  it('is in the way of a restart until it is gone; then the service is back on its number', async () => {
    const workspace = machine.workspace('shop', shop(''));
    workspace.start('dev');
    await workspace.until('api', 'ready');
    const port = await portOf(workspace, 'api');
    await listeners.start('::1', port);
    await workspace.until('api', 'failed');
    await workspace.run('restart', 'api');
    const held = await workspace.until('api', 'failed');
    expect(held.failure?.message).toContain(`port ${port} (http) is held by`);
    await listeners.close();
    await workspace.run('restart', 'api');
    await workspace.until('api', 'ready');
    expect((await machine.get('api.shop.localhost')).status).toBe(200);
    expect(await portOf(workspace, 'api')).toBe(port);
  });

  it('that answers in place of a service that is still starting gets no request at all', async () => {
    const workspace = machine.workspace('shop', shop('env: { START_DELAY: "600000" }'));
    workspace.start('dev');
    await workspace.until('api', 'warming');
    const port = await portOf(workspace, 'api');
    const request = machine.get('api.shop.localhost');
    const ghost = await listeners.start('127.0.0.1', port);
    const failed = await workspace.until('api', 'failed');
    expect(failed.failure?.message).toContain(`(pid ${ghost.said.pid}`);
    const { status, body } = await request;
    expect(status).toBe(503);
    expect(body).toContain('is shared with');
  });
});

describe('a pinned number', () => {
  it('is not taken from the stack that has it, which is told', async () => {
    const port = await pickPort();
    const pinned = (name: string, host: string): string => `
version: 1
workspace: ${name}
services:
  api: { command: ${node('server.js')}, ports: { http: { static: ${port} } }, env: { HOST: "${host}" } }
`;
    const first = machine.workspace('one', pinned('one', '127.0.0.1'));
    first.start('dev');
    await first.until('api', 'ready');
    const second = machine.workspace('two', pinned('two', '::1'));
    const dev = second.start('dev');
    await dev.prints(new RegExp(`api.http is pinned to port ${port}, which api of one`));
    await second.until('api', 'ready');
    expect(await portOf(second, 'api')).not.toBe(port);
  });
});

describe.skipIf(process.platform !== 'linux')('a service in disguise', () => {
  it.each([
    ['double-forked', '("$@" &); exec sleep 1000'],
    ['in a session of its own', '(setsid "$@" &); exec sleep 1000'],
    ['without its environment', `(env -i PORT=$PORT PORTRAMP_SERVICE=api "$@" &); exec sleep 1000`],
  ])('is accepted %s, and stopped with the stack', async (_, shell) => {
    const words = JSON.stringify([
      'sh',
      '-c',
      shell.replaceAll('$', '$$$$'),
      'sh',
      process.execPath,
      program('server.js'),
    ]);
    const workspace = machine.workspace(
      'shop',
      `
version: 1
workspace: shop
services:
  api: { command: ${words}, ready: { http: /healthz } }
`,
    );
    const dev = workspace.start('dev');
    await workspace.until('api', 'ready');
    expect((await machine.get('api.shop.localhost')).body).toContain('"service":"api"');
    dev.child.kill('SIGINT');
    expect(await dev.ended).toBe(0);
  });
});

describe.skipIf(process.platform !== 'linux')('a service that ignores PORT', () => {
  const stubborn = (opens: string, ports: string): string => `
version: 1
workspace: shop
services:
  api: { command: ${node('stubborn.js')}, env: { OPENS: "${opens}" }${ports} }
  web: { command: ${node('server.js')}, consumes: [{ service: api, condition: started }] }
`;

  it('is followed by itself: once said with the line to add, remembered, and told at the next start', async () => {
    const opened = await pickPort();
    const workspace = machine.workspace('shop', stubborn(String(opened), ''));
    const dev = workspace.start('dev');
    const [, given] = await dev.prints(
      new RegExp(
        `api.http listens on ${opened} in place of (\\d+); portramp follows .*add "ports: \\{ http: \\{ follow: true \\} \\}" to services.api`,
      ),
    );
    await workspace.until('api', 'ready');
    expect((await workspace.service('api')).ports).toMatchObject([
      { port: opened, given: Number(given), listening: true },
    ]);
    expect((await machine.get('api.shop.localhost')).body).toContain(`stubborn ${opened}`);
    const apiPort = async (): Promise<string | undefined> =>
      (JSON.parse((await machine.get('web.shop.localhost')).body) as { env: Record<string, string> }).env[
        'API_PORT'
      ];
    // It was started before with the other number.
    await eventually(async () => expect(await apiPort()).toBe(String(opened)));
    expect((await workspace.run('ls')).stdout).toContain(`listens on ${opened} in place of ${given}`);
    expect((await workspace.run('why', String(opened))).stdout).toMatch(
      new RegExp(`opened by api.http of shop [^]*in place of ${given}, which it was given`),
    );
    const lease = (): Ledger['leases'][number] | undefined =>
      (JSON.parse(readFileSync(machine.home.ledger, 'utf8')) as Ledger).leases.find(
        ({ service }) => service === 'api',
      );
    expect(lease()).toMatchObject({ number: Number(given), borrowed: opened });

    await workspace.run('down');
    expect(await dev.ended).toBe(0);
    const again = await workspace.run('dev', '-d');
    expect(again.stderr).toContain(`api.http listened on ${opened} in place of ${given} the last time`);
    expect(await apiPort()).toBe(String(opened));
    expect((await workspace.service('web')).restarts).toBe(0);

    // As soon as it listens where it was told to, that counts again.
    workspace.contract(stubborn(String(given), ''));
    await eventually(async () => expect(await portOf(workspace, 'api')).toBe(Number(given)));
    await eventually(async () => expect(await apiPort()).toBe(given));
    expect(lease()).not.toHaveProperty('borrowed');
  });

  it('is told how to go on where it opened several', async () => {
    const [one, two] = [await pickPort(), await pickPort()];
    const workspace = machine.workspace(
      'shop',
      stubborn(`${one} ${two}`, ', ports: { http: { follow: true } }'),
    );
    const dev = workspace.start('dev');
    await dev.prints(/misplaced .*portramp follows only when it is one port/);
    expect(await portOf(workspace, 'api')).not.toBe(one);
  });

  it('is followed where the contract says so: front, readiness and consumers go along', async () => {
    const opened = await pickPort();
    const contract = stubborn(String(opened), ', ports: { http: { follow: true } }');
    const workspace = machine.workspace('shop', contract);
    const dev = workspace.start('dev');
    const text = `api.http listens on ${opened} in place of \\d+; portramp follows$`;
    await dev.prints(new RegExp(text, 'm'));
    await workspace.until('api', 'ready');
    expect(await portOf(workspace, 'api')).toBe(opened);
    const answer = await machine.get('api.shop.localhost');
    const leased = Number(/PORT was (\d+)/.exec(answer.body)?.[1]);
    expect(answer.body).toBe(`stubborn ${opened}, PORT was ${leased}`);
    await workspace.until('web', 'ready');
    const { env } = JSON.parse((await machine.get('web.shop.localhost')).body) as {
      env: Record<string, string>;
    };
    expect(env['API_PORT']).toBe(String(opened));

    const direct = await workspace.run('url', 'api', '--direct');
    expect(direct.stdout).toBe(`http://127.0.0.1:${opened}\n`);

    // It is told its own number again at the next start, and found where it really is.
    await workspace.run('restart', 'api');
    await workspace.until('api', 'ready');
    expect((await machine.get('api.shop.localhost')).body).toBe(`stubborn ${opened}, PORT was ${leased}`);
  });
});

describe.skipIf(process.platform !== 'linux')('a service that ignores PORT and is followed', () => {
  const following = (opens: number, fields: string): string => `
version: 1
workspace: shop
services:
  api: { command: ${node('stubborn.js')}, env: { OPENS: ${opens} }, ports: { http: { follow: true } }, ${fields} }
`;
  const WEB = `  web: { command: ${node('server.js')}, consumes: [{ service: api, condition: started }] }\n`;

  it('behind a ramp: the ramp leads to the port that it opened, and its consumers notice nothing', async () => {
    const opened = await pickPort();
    const workspace = machine.workspace('shop', `${following(opened, 'ramp: true')}${WEB}`);
    const dev = workspace.start('dev');
    await workspace.until('web', 'ready');
    const { pid } = await workspace.service('web');
    await dev.prints(new RegExp(`api.http listens on ${opened} in place of \\d+; portramp follows`));
    await workspace.until('api', 'ready');
    const port = await portOf(workspace, 'api');
    expect(port).not.toBe(opened);
    const asked = async (): Promise<string[]> => [
      (await request({ host: '127.0.0.1', port, path: '/' })).body,
      (await machine.get('api.shop.localhost')).body,
    ];
    const answers = await asked();
    expect(answers[0]).toMatch(new RegExp(`^stubborn ${opened}, PORT was \\d+$`));
    expect(answers[1]).toBe(answers[0]);
    expect(await workspace.service('web')).toMatchObject({ state: 'ready', pid });

    await workspace.run('restart', 'api');
    await workspace.until('api', 'ready');
    expect(await asked()).toEqual(answers);
  });

  it('and is not ended when another opens that number before it: it is found where it was told to listen', async () => {
    const opened = await pickPort();
    const workspace = machine.workspace('shop', following(opened, ''));
    const dev = workspace.start('dev');
    await dev.prints(/portramp follows/);
    await workspace.until('api', 'ready');
    const flags = machine.folder('flags');
    workspace.contract(`
version: 1
workspace: shop
services:
  api: { command: ${node('late.js')}, env: { LISTEN_WHEN: ${join(flags, 'go')} } }
  other: { command: ${node('stubborn.js')}, env: { OPENS: ${opened} }, ports: { http: { follow: true } }, start: manual }
`);
    await dev.prints(/api +│ up/);
    const { pid } = await workspace.until('api', 'warming');
    expect(await workspace.run('start', 'other', '--no-wait')).toMatchObject({ code: 0 });
    await dev.prints(new RegExp(`port ${opened}, on which it listened the last time, is another's now`));
    writeFileSync(join(flags, 'go'), '');
    expect(await workspace.until('api', 'ready')).toMatchObject({ pid });
    // At the daemon's next look.
    await eventually(async () =>
      expect(await machine.get('api.shop.localhost')).toMatchObject({ body: 'late' }),
    );
    await workspace.until('other', 'ready');
    expect(await portOf(workspace, 'other')).toBe(opened);
  });

  it('after its probe was content already: requests go where it is', async () => {
    const opened = await pickPort();
    const workspace = machine.workspace('shop', following(opened, 'ready: { log: it listens }'));
    const dev = workspace.start('dev');
    await workspace.until('api', 'ready');
    await dev.prints(/portramp follows/);
    await eventually(async () =>
      expect((await machine.get('api.shop.localhost')).body).toMatch(new RegExp(`^stubborn ${opened},`)),
    );
  });
});

describe('a number that a stranger took while its service was down', () => {
  const leasesOf = (): Ledger['leases'] =>
    (JSON.parse(readFileSync(machine.home.ledger, 'utf8')) as Ledger).leases;

  const takeOver = async (contract: string) => {
    const workspace = machine.workspace('shop', contract);
    const dev = workspace.start('dev');
    await workspace.until('web', 'ready');
    const port = await portOf(workspace, 'api');
    const before = await workspace.service('web');
    await workspace.run('stop', 'api');
    await workspace.until('api', 'idle');
    const stranger = await listeners.start('127.0.0.1', port);
    await workspace.run('start', 'api');
    return { workspace, dev, port, before, stranger };
  };

  it.each([
    ['that is its own', ''],
    ['with a ramp', 'transition: { strategy: handoff }'],
  ])('%s stays its number: it fails, and says who holds it', async (_whose, fields) => {
    const { workspace, port, stranger } = await takeOver(shop(fields));
    const failed = await workspace.until('api', 'failed');
    expect(failed.failure?.message).toContain(`port ${port} (http) is held by`);
    expect(failed.failure?.hint).toBe(`end it: kill ${stranger.said.pid}`);
    expect(leasesOf().find(({ service }) => service === 'api')).toMatchObject({ number: port });
  });

  it('is replaced where the contract says so: a new generation, and consumers that know it', async () => {
    const { workspace, dev, port, before, stranger } = await takeOver(
      shop('transition: { onConflict: reassign }'),
    );
    await workspace.until('api', 'ready');
    const next = await portOf(workspace, 'api');
    expect(next).not.toBe(port);
    await dev.prints(
      new RegExp(
        `api.http moved from port ${port}, which .*listener.js.* \\(pid ${stranger.said.pid}, .* holds, to ${next}`,
      ),
    );
    const web = await workspace.until('web', 'ready');
    expect(web.pid).not.toBe(before.pid);
    const { env } = JSON.parse((await machine.get('web.shop.localhost')).body) as {
      env: Record<string, string>;
    };
    expect(env['API_PORT']).toBe(String(next));
    expect((await machine.get('api.shop.localhost')).status).toBe(200);
    expect(leasesOf().find(({ service }) => service === 'api')).toMatchObject({
      number: next,
      generation: 2,
    });
    // Nothing else moves it: neither the next start, nor that its old number is free again.
    await listeners.close();
    await workspace.run('restart', 'api');
    await workspace.until('api', 'ready');
    expect(await portOf(workspace, 'api')).toBe(next);
  });
});

describe('a range that is edited while the stack runs', () => {
  it('moves what it does not allow any more, says so, and tells the consumers', async () => {
    const workspace = machine.workspace('shop', shop(''));
    const dev = workspace.start('dev');
    await workspace.until('web', 'ready');
    const port = await portOf(workspace, 'api');
    const range = '\nranges: { dev: { from: 30000, to: 30999, static: 0 } }\n';
    workspace.contract(shop('') + range);
    await dev.prints(
      new RegExp(
        `api.http moved from port ${port}, which is now outside the range 30000-30999, to 30\\d\\d\\d`,
      ),
    );
    const moved = await eventually(async () => {
      const next = await portOf(workspace, 'api');
      expect(next).not.toBe(port);
      return next;
    });
    await workspace.until('web', 'ready');
    await eventually(async () => {
      const { body } = await machine.get('web.shop.localhost');
      expect(JSON.parse(body)).toMatchObject({ env: { API_PORT: String(moved) } });
    });
  });
});
