/** The front's port belongs to somebody else: no URL is called good, and what is said to type helps. */
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { pickPort } from '../ports/scene.ts';
import { createMachine, node, type Machine } from '../workspace.ts';

let machine: Machine;
let stranger: Server;

beforeEach(async () => {
  machine = createMachine();
  stranger = createServer((_request, response) => response.end('a stranger'));
  await once(stranger.listen(0, '127.0.0.1'), 'listening');
});
afterEach(async () => {
  stranger.close();
  stranger.closeAllConnections();
  await machine.close();
});

it('is said by dev, open and why, and by none of them once it is free, or the front has been moved', async () => {
  const { port } = stranger.address() as AddressInfo;
  machine.environment['PORTRAMP_HTTP_PORT'] = String(port);
  const shop = machine.workspace(
    'shop',
    `version: 1\nworkspace: shop\nservices: { api: { command: ${node('server.js')} } }\n`,
  );
  const up = await shop.run('dev', '-d');
  const words = `the front's port ${port} is held by`;
  expect(up.code).toBe(0);
  expect(up.stderr).toContain(words);
  expect(up.stderr).toContain('no name of a service leads anywhere');
  const opened = await shop.run('open', 'api');
  expect(opened).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`no name leads to api: ${words}`) as string,
  });
  const direct = await shop.run('url', 'api', '--direct');
  expect(opened.stderr).toContain('portramp url api --direct');
  expect((await fetch(direct.stdout.trim())).status).toBe(200);
  const why = await shop.run('why', 'api.shop.localhost');
  expect(why).toMatchObject({
    code: 1,
    stdout: expect.stringContaining(`not reached now: ${words}`) as string,
  });

  const other = await pickPort();
  const [, config = ''] = /write "httpPort: \d+" to (\S+), then/.exec(up.stderr) ?? [];
  expect(dirname(config)).toBe(machine.home.root);
  writeFileSync(config, `httpPort: ${other}\n`);
  delete machine.environment['PORTRAMP_HTTP_PORT'];
  expect(await machine.run(['daemon', 'stop', '--force'])).toMatchObject({ code: 0 });
  expect(await machine.run(['daemon', 'start'])).toMatchObject({ code: 0 });
  await eventually(async () =>
    expect(await shop.run('open', 'api')).toMatchObject({
      code: 0,
      stdout: `http://api.shop.localhost:${other}\n`,
    }),
  );
  expect((await machine.get('api.shop.localhost')).status).toBe(200);
  expect((await shop.run('why', 'api.shop.localhost')).code).toBe(0);
});
