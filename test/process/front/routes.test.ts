/** From the contract to the answer: paths, wildcards, other domains, other sites' pages, and stacks at rest. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { eventually } from '../../eventually.ts';
import { createMachine, node, type Answer, type Machine } from '../workspace.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

interface Told {
  readonly service: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly env: Record<string, string>;
}

const told = (answer: Answer): Told => JSON.parse(answer.body) as Told;

const shop = (more = ''): string => `
version: 1
workspace: shop
services:
  web: { command: ${node('server.js')}, ports: { http: { host: [web, '*.web'] } } }
  api:
    command: ${node('server.js')}
    ports: { http: { host: web, path: [/api, /assets], rewrite: / } }
    access: { browser: { origins: [web, 'https://x.example'] } }
  v2: { command: ${node('server.js')}, ports: { http: { host: [web, v2.dev.example.com], path: /api/v2 } } }
${more}`;

describe('a stack with paths', () => {
  it('is routed by host and the longest prefix', async () => {
    const workspace = machine.workspace('shop', shop());
    expect(await workspace.run('dev', '-d')).toMatchObject({ code: 0 });
    const where = async (host: string, path: string): Promise<string> => {
      const { service, url, headers } = told(await machine.get(host, path));
      return `${service} ${url} ${headers['x-forwarded-prefix'] ?? '-'}`;
    };
    expect(await where('web.shop.localhost', '/')).toBe('web / -');
    expect(await where('web.localhost', '/apix')).toBe('web /apix -');
    expect(await where('web.shop.localhost', '/api')).toBe('api / /api');
    expect(await where('web.localhost', '/api/users?id=1')).toBe('api /users?id=1 /api');
    expect(await where('web.localhost', '/assets/a.css')).toBe('api /a.css /assets');
    expect(await where('web.shop.localhost', '/api/v2/x')).toBe('v2 /api/v2/x -');
    expect(await where('tenant.a.web.shop.localhost', '/api')).toBe('web /api -');
    expect(await where('v2.dev.example.com', '/api/v2')).toBe('v2 /api/v2 -');
    const { env } = told(await machine.get('v2.dev.example.com', '/api/v2'));
    expect(env['__VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS']).toBe('v2.dev.example.com');
    expect(JSON.parse((await machine.get('v2.dev.example.com', '/')).body)).toMatchObject({
      error: 'UNKNOWN_PATH',
    });
    expect(await machine.get('v3.dev.example.com', '/')).toMatchObject({ status: 421 });

    const { front } = await machine.ls();
    const url = (await workspace.run('url', 'api')).stdout.trim();
    expect(url).toBe(`http://web.shop.localhost:${front.http}/api`);
    expect(told(await machine.get('web.localhost', '/api')).env['PORTRAMP_URL']).toBe(url);
    const discovery = JSON.parse((await machine.get('web.localhost', '/.well-known/portramp.json')).body);
    expect(discovery).toMatchObject({
      services: expect.arrayContaining([
        {
          name: 'api',
          ports: [expect.objectContaining({ url, hosts: ['web.shop.localhost', 'web.localhost'] })],
        },
      ]),
    });
  });

  it('is routed anew when a path is edited, and no process starts again', async () => {
    const workspace = machine.workspace('shop', shop());
    const running = workspace.start('dev');
    await running.prints(/all .*ready|v2.*ready/i);
    await workspace.until('v2', 'ready');
    await workspace.until('api', 'ready');
    const { pid } = await workspace.service('api');
    workspace.contract(shop().replace('[/api, /assets], rewrite: /', '[/rest]'));
    await running.prints(/ports\.http\.paths/);
    await eventually(async () =>
      expect(told(await machine.get('web.localhost', '/rest/x'))).toMatchObject({
        service: 'api',
        url: '/rest/x',
        pid,
      }),
    );
    expect(told(await machine.get('web.localhost', '/api')).service).toBe('web');
  });
});

describe('a page of another site', () => {
  it('is kept out of all but what the contract opens', async () => {
    const workspace = machine.workspace('shop', shop());
    expect(await workspace.run('dev', '-d')).toMatchObject({ code: 0 });
    const { front } = await machine.ls();
    const ask = async (path: string, origin: string): Promise<number> =>
      (await machine.get('web.localhost', path, { origin })).status;
    expect(await ask('/', 'https://evil.example')).toBe(403);
    expect(await ask('/api', 'https://evil.example')).toBe(403);
    expect(await ask('/api', 'https://x.example')).toBe(200);
    expect(await ask('/', 'https://x.example')).toBe(403);
    expect(await ask('/', `http://web.shop.localhost:${front.http}`)).toBe(200);
    expect(await ask('/', `http://t.web.shop.localhost:${front.http}`)).toBe(200);

    const socket = new WebSocket(`ws://127.0.0.1:${front.http}/`, {
      headers: { host: 'web.localhost', origin: 'https://evil.example' },
    }).on('error', () => undefined);
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    expect(response.statusCode).toBe(403);
    socket.terminate();
  });
});

const w1 = `
version: 1
workspace: w1
services:
  api:
    command: ${node('server.js')}
    ports: { http: { host: [api, api.dev.example.com] } }
    env:
      SEEN: \${self.hosts}
`;

describe('a name that a stack at rest holds', () => {
  it('stays its own unless it is short, and everybody is told whose it is', async () => {
    const first = machine.workspace('shop', w1.replace('workspace: w1', 'workspace: shop'));
    expect(await first.run('dev', '-d')).toMatchObject({ code: 0 });
    expect(told(await machine.get('api.localhost')).env['SEEN']).toBe(
      'api.shop.localhost,api.localhost,api.dev.example.com',
    );
    expect(await first.run('down')).toMatchObject({ code: 0 });

    const second = machine.workspace('w1', w1);
    const running = second.start('dev');
    const [line] = await running.prints(/.*leads? to the stack shop.*/);
    expect(line).toContain('api.dev.example.com leads');
    expect(line).toContain(first.root);
    expect(line).toContain('portramp clean shop');
    await running.prints(/api\.localhost leads here now: the stack shop in .*, which had it, does not run/);
    await second.until('api', 'ready');
    expect((await second.service('api')).ports[0]?.hosts).toEqual(['api.w1.localhost', 'api.localhost']);
    expect(told(await machine.get('api.w1.localhost')).env['SEEN']).toBe('api.w1.localhost,api.localhost');

    for (const host of ['api.shop.localhost', 'new.shop.localhost', 'api.dev.example.com']) {
      const answer = await machine.get(host);
      expect(answer.status).toBe(503);
      expect(answer.headers['retry-after']).toBe('5');
      expect(JSON.parse(answer.body)).toEqual({
        error: 'STACK_NOT_RUNNING',
        message: `The host ${host} belongs to shop, which is not running. Its checkout is ${first.root}.`,
        hint: `cd ${first.root} && portramp dev`,
      });
    }
    const page = await machine.get('api.shop.localhost', '/', {
      accept: 'text/html',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    });
    expect(page.body).toContain(`cd ${first.root} &amp;&amp; portramp dev`);
    expect(page.body).toContain('http-equiv="refresh"');

    // Back only by running first.
    expect(await first.run('dev', '-d')).toMatchObject({ code: 0 });
    expect(told(await machine.get('api.localhost')).env['PORTRAMP_WORKSPACE']).toBe('w1');
    expect(await first.run('down')).toMatchObject({ code: 0 });
    expect(await second.run('down')).toMatchObject({ code: 0 });
    expect(await first.run('dev', '-d')).toMatchObject({ code: 0 });
    expect(told(await machine.get('api.localhost')).env['PORTRAMP_WORKSPACE']).toBe('shop');
    expect(await first.run('down')).toMatchObject({ code: 0 });

    rmSync(first.root, { recursive: true });
    expect((await machine.run(['clean'])).code).toBe(0);
    expect(await machine.get('new.shop.localhost')).toMatchObject({ status: 404 });
  }, 240_000);
});
