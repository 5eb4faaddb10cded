/** Whose a port is, and an end to it from any folder. */
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { pickPort } from '../ports/scene.ts';
import { createMachine, node, program, type Machine, type Workspace } from '../workspace.ts';
import { describeForbiddenPorts } from './forbidden-ports.ts';

let machine: Machine;
let shop: Workspace;
let elsewhere: string;
let stranger: Server;

beforeAll(async () => {
  machine = createMachine();
  elsewhere = machine.folder('elsewhere');
  shop = machine.workspace(
    'shop',
    `
version: 1
workspace: shop
services:
  api: { command: ${node('server.js')} }
  web: { command: ${node('server.js')}, replicas: 2 }
`,
  );
  expect(await shop.run('dev', '-d')).toMatchObject({ code: 0 });
  stranger = await new Promise((settle) => {
    const server = createServer().listen(0, '127.0.0.1', () => settle(server));
  });
});
afterAll(async () => {
  stranger.close();
  await machine.close();
});

const whose = (port: number | string, ...more: string[]): ReturnType<Machine['run']> =>
  machine.run(['whose', String(port), ...more], { cwd: elsewhere });
const portOf = async (name: string): Promise<number> => (await shop.service(name)).ports[0]?.targetPort ?? 0;
const strange = (): number => (stranger.address() as AddressInfo).port;

describe('whose', () => {
  it('says the stack and the service of a port, with the process', async () => {
    const port = await portOf('api');
    const { code, stdout } = await whose(port);
    expect(code).toBe(0);
    expect(stdout).toContain(`port ${port} is api (http) of shop, ${shop.root}: `);
    expect(stdout).toContain(`(pid ${(await shop.service('api')).pid}`);
    expect(JSON.parse((await whose(port, '--json')).stdout)).toMatchObject({
      version: 1,
      port,
      kind: 'service',
      stack: 'shop',
      root: shop.root,
      environment: 'dev',
      service: 'api',
      name: 'http',
    });
  });

  it('knows the ramp of a service and each of its replicas', async () => {
    const { ports, instances = [] } = await shop.service('web');
    const numbers = [ports[0]?.port, ...instances.map((each) => each.ports['http'])];
    expect(numbers).toHaveLength(3);
    for (const number of numbers) {
      expect(await whose(number ?? 0)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(' is web ') as string,
      });
    }
  });

  it.skipIf(process.platform !== 'linux')(
    'knows a service that listens on a number of its own choice',
    async () => {
      const [port, number] = [await pickPort(), String(process.pid)];
      const stray = machine.workspace(
        `stray${number}`,
        `version: 1\nworkspace: stray\nservices: { odd: { command: [${process.execPath}, ${program('listener.js')}, 127.0.0.1, "${port}"], ports: false } }\n`,
      );
      expect(await stray.run('dev', '-d')).toMatchObject({ code: 0 });
      // What has no ports is ready before it listens.
      await eventually(async () =>
        expect(await whose(port)).toMatchObject({
          code: 0,
          stdout: expect.stringMatching(
            new RegExp(
              `^port ${port} is listened on by odd of stray, .*\nto end it: portramp stop --port ${port}\n$`,
            ),
          ) as string,
        }),
      );
      expect(await machine.run(['stop', '--port', String(port)], { cwd: elsewhere })).toMatchObject({
        code: 0,
        stdout: 'stopped odd\n',
      });
      expect(await stray.run('down')).toMatchObject({ code: 0 });
    },
  );

  it('says what is no stack’s', async () => {
    const { front } = await machine.ls();
    expect(await whose(front.http ?? 0)).toMatchObject({
      code: 0,
      stdout: `port ${front.http} is the front of portramp\n`,
    });
    expect(await whose(strange())).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(new RegExp(`belongs to no stack: .*pid ${process.pid}`)) as string,
    });
    const unused = await pickPort();
    expect(await whose(unused)).toMatchObject({ code: 1, stdout: `nothing listens on port ${unused}\n` });
    expect(await whose('api')).toMatchObject({ code: 2 });
  });
});

describeForbiddenPorts();

describe('stop --port', () => {
  const stop = (port: number): ReturnType<Machine['run']> =>
    machine.run(['stop', '--port', String(port)], { cwd: elsewhere });

  it('leaves alone what is no stack’s, and names it', async () => {
    const { code, stderr } = await stop(strange());
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`belongs to no stack: .*pid ${process.pid}`));
    expect(stderr).toContain(`kill ${process.pid}`);
    expect(stranger.listening).toBe(true);
    expect(await stop(await pickPort())).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nothing listens on port') as string,
    });
    expect(await machine.run(['stop', '--port', 'api'])).toMatchObject({ code: 2 });
    expect((await stop((await machine.ls()).front.http ?? 0)).stderr).toContain('portramp daemon stop');
  });

  it('stops a service from another folder; the number stays kept for it', async () => {
    const port = await portOf('api');
    expect(await stop(port)).toMatchObject({ code: 0, stdout: 'stopped api\n' });
    await shop.until('api', 'idle');
    expect(await whose(port)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('the number is kept for api of shop') as string,
    });
    expect((await shop.run('stop')).stderr).toContain('--port');
  });
});
