/** Consumers of a provider whose number changes: they go on until it is ready with the new one. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { createListeners, pickPort } from '../ports/scene.ts';
import { createMachine, node, program, type Machine, type Workspace } from '../workspace.ts';

let machine: Machine;
const listeners = createListeners();

beforeEach(() => {
  machine = createMachine();
});
afterEach(async () => {
  await listeners.close();
  await machine.close();
});

const shop = (api: string): string => `
version: 1
workspace: shop
services:
  api: { restart: { policy: no }, ${api} }
  web: { command: ${node('server.js')}, consumes: [api] }
`;

const numberOf = async (workspace: Workspace): Promise<number> =>
  (await workspace.service('api')).ports[0]?.port ?? 0;

/** The number of its provider that the consumer was started with. */
async function told(): Promise<string | undefined> {
  const { body } = await machine.get('web.shop.localhost');
  return (JSON.parse(body) as { env: Record<string, string> }).env['API_PORT'];
}

describe('a consumer that is ready, while its provider has another number and does not start,', () => {
  it('goes on, and starts again once the provider is ready', async () => {
    const flag = join(machine.folder('flags'), 'broken');
    const script = JSON.stringify([
      'sh',
      '-c',
      `[ ! -e ${flag} ] && exec ${process.execPath} ${program('server.js')}; exit 3`,
    ]);
    const workspace = machine.workspace(
      'shop',
      shop(`command: ${script}, transition: { onConflict: reassign }`),
    );
    expect((await workspace.run('dev', '-d')).code).toBe(0);
    const { pid } = await workspace.service('web');
    const before = await numberOf(workspace);
    await workspace.run('stop', 'api');
    await listeners.start('127.0.0.1', before);
    writeFileSync(flag, '');
    expect((await workspace.run('start', 'api')).code).toBe(1);
    expect(await workspace.service('api')).toMatchObject({ state: 'failed', failure: { exitCode: 3 } });
    const after = await numberOf(workspace);
    expect(after).not.toBe(before);
    expect(await workspace.service('web')).toMatchObject({ state: 'ready', pid });
    expect(await told()).toBe(String(before));
    rmSync(flag);
    expect((await workspace.run('start', 'api')).code).toBe(0);
    await eventually(async () => {
      const web = await workspace.service('web');
      expect(web.state).toBe('ready');
      expect(web.pid).not.toBe(pid);
    });
    expect(await told()).toBe(String(after));
  });

  it.skipIf(process.platform !== 'linux')(
    'goes on also where the number was borrowed, and another has it by now',
    async () => {
      const opened = await pickPort();
      const workspace = machine.workspace(
        'shop',
        shop(
          `command: ${node('stubborn.js')}, env: { OPENS: "${opened}" }, ports: { http: { follow: true } }`,
        ),
      );
      expect((await workspace.run('dev', '-d')).code).toBe(0);
      const { pid } = await workspace.until('web', 'ready');
      expect(await told()).toBe(String(opened));
      await workspace.run('stop', 'api');
      await listeners.start('127.0.0.1', opened);
      expect((await workspace.run('start', 'api')).code).toBe(1);
      expect(await numberOf(workspace)).not.toBe(opened);
      expect(await workspace.service('web')).toMatchObject({ state: 'ready', pid });
    },
  );
});
