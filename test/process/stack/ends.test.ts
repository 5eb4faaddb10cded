/** What is said of services that have ended: how, when, and what to type where that was not meant. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createMachine, node, program, type Machine, type Workspace } from '../workspace.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

const HEAD = 'version: 1\nworkspace: shop\nservices:\n';

describe('a service that goes to the background', () => {
  it('fails, is told what listens in its place, and is ready after what is said was done', async () => {
    const contract = (mode: string): string =>
      `${HEAD}  web: { command: [${process.execPath}, ${program('daemon.js')}${mode}] }\n`;
    const shop = machine.workspace('shop', contract(''));
    await shop.run('dev', '-d');
    const { failure, restarts, ports } = await shop.until('web', 'failed');
    expect(restarts).toBe(0);
    const told = (await shop.run('why', 'web')).stdout;
    const [, pid] = /run it in the foreground, and end that one: kill (\d+)/.exec(told) ?? [];
    if (pid === undefined) {
      // It was seen as a child before it was on its own: then it was ended with its parent.
      expect(told).toContain('ran on after it, and was ended: run the service in the foreground');
    } else {
      const number = ports[0]?.port ?? 0;
      expect(failure?.message).toMatch(
        new RegExp(
          `^it went to the background: .*daemon ${number} .* listens on its port ${number} \\(http\\)`,
        ),
      );
      process.kill(Number(pid));
    }
    shop.contract(contract(', foreground'));
    await shop.until('web', 'ready');
    expect(await machine.get('web.shop.localhost')).toMatchObject({ status: 200, body: 'daemon' });
  });
});

describe('why', () => {
  const ended = async (shop: Workspace, name: string): Promise<unknown> =>
    (JSON.parse((await shop.run('why', name, '--json')).stdout) as { ended?: unknown }).ended;

  it('says of a task that is done, and of a service that was stopped, how and when it ended', async () => {
    const shop = machine.workspace(
      'shop',
      `${HEAD}  seed: { kind: task, command: "true", run: changed }
  api: { command: ${node('server.js')} }
`,
    );
    expect((await shop.run('dev', '-d')).code).toBe(0);
    expect(await shop.run('why', 'seed')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ended with code 0 [\d.]+ (?:s|min) ago, after [\d.]+ s/) as string,
    });
    const time: unknown = expect.any(Number);
    expect(await ended(shop, 'seed')).toEqual({ exitCode: 0, ago: time, took: time });
    expect(await ended(shop, 'api')).toBeUndefined();
    await shop.run('stop', 'api');
    const stopped = (await shop.run('why', 'api')).stdout;
    expect(stopped).toContain('stopped by a command — portramp start api');
    expect(stopped).toMatch(/ended (?:by SIGTERM|with code \d+) [\d.]+ (?:s|min) ago, after \d/);
    await shop.run('down');
    expect((await shop.run('dev', '-d')).code).toBe(0);
    expect((await shop.run('why', 'seed')).stdout).toMatch(
      /had nothing to do [\d.]+ (?:s|min) ago: its inputs/,
    );
    expect(await ended(shop, 'seed')).toEqual({ skipped: true, ago: time });
  });
});
