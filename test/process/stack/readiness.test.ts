/** Ready means that it answers: what `ls`, `wait`, `dev -d`, `open`, `why` and the front say of services that do not. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { createMachine, node, type Machine, type Workspace } from '../workspace.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

const HEAD = 'version: 1\nworkspace: shop\n';

const statusOf = async (workspace: Workspace, name: string): Promise<string | undefined> =>
  (await workspace.service(name)).status;
const becomes = (workspace: Workspace, name: string, status: string): Promise<void> =>
  eventually(async () => expect(`${name} ${await statusOf(workspace, name)}`).toBe(`${name} ${status}`));

describe('a service of which nothing listens', () => {
  it('is running and never ready, whatever its log says; it is ready when it listens after all', async () => {
    const late = `command: ${node('late.js')}, env: { LISTEN_WHEN: ${join(machine.folder('flags'), 'go')} }`;
    const shop = machine.workspace(
      'shop',
      `${HEAD}services:
  silent: { ${late} }
  logged: { ${late}, ports: { http: {} }, ready: { log: up } }
  consumer: { command: ${node('server.js')}, consumes: [silent] }
`,
    );
    const up = await shop.run('dev', '-d');
    expect(up.code).toBe(0);
    for (const name of ['silent', 'logged']) {
      const line = new RegExp(
        `^  ${name} +running +:(\\d+) +nothing listens on port \\1 .*"ports: false"`,
        'm',
      );
      expect(up.stdout).toMatch(line);
      expect(await shop.service(name)).toMatchObject({
        state: 'warming',
        status: 'running',
        reason: expect.stringMatching(/^nothing listens on port \d+ \(http\)$/) as string,
        ports: [{ listening: false }],
      });
      expect((await shop.run('open', name)).code).toBe(1);
      expect((await shop.run('why', name)).stdout).toMatch(/^\w+ running .*\n {2}nothing listens on port/);
      const answer = await machine.get(`${name}.shop.localhost`);
      expect(answer.status).toBe(503);
      expect(JSON.parse(answer.body)).toMatchObject({
        error: 'SERVICE_SILENT',
        hint: expect.stringContaining('ports: false') as string,
      });
    }
    expect(up.stdout).not.toMatch(/http:\/\/(silent|logged)/);
    expect(up.stdout).toMatch(/^ {2}consumer +ready +:\d+ +http:\/\/consumer/m);
    expect(up.stderr).toContain('starts although silent, which it needs, is not known to be ready');
    expect(await shop.run('wait', 'silent', '--timeout', '300ms')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/silent is running: nothing listens .*\n.*"ports: false"/) as string,
    });

    shop.write('../flags/go', '');
    for (const name of ['silent', 'logged']) {
      expect(await shop.run('wait', name)).toMatchObject({ code: 0, stdout: `${name} is ready\n` });
      expect(await machine.get(`${name}.shop.localhost`)).toMatchObject({ status: 200, body: 'late' });
      expect((await shop.run('ls')).stdout).toMatch(new RegExp(`${name} +ready +:\\d+ +http://${name}`));
    }
    await becomes(shop, 'silent', 'ready');
  });
});
