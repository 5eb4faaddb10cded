/** `portramp check` as a pipeline runs it. */
import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createMachine, node, openWorkspace, processesOf, type Machine } from '../workspace.ts';

let machine: Machine;

beforeAll(() => {
  machine = createMachine();
});
afterAll(() => machine.close());

const HEAD = 'version: 1\nworkspace: shop\n';
const codesOf = (stdout: string): string[] =>
  (JSON.parse(stdout) as { diagnostics: { code: string; severity: string }[] }).diagnostics.map(
    ({ code, severity }) => `${code} ${severity}`,
  );

describe('the exit code', () => {
  it.each([
    ['0 where nothing was found', 'services:\n  api: { command: "true" }\n', 0],
    ['0 for warnings', 'reservations: [{ port: 20001 }]\nservices:\n  api: { command: "true" }\n', 0],
    ['1 for errors', 'services:\n  api: { command: "true", consumes: [db] }\n', 1],
    ['2 where the contract cannot be read', 'services:\n  api: { comand: "true", consumes: [db] }\n', 2],
  ])('is %s', async (name, body, expected) => {
    const workspace = machine.workspace(name.replaceAll(' ', '-'), HEAD + body);
    for (const format of ['text', 'json', 'sarif', 'github', 'junit']) {
      const { code, stderr } = await workspace.run('check', '--format', format);
      expect({ code, stderr }).toEqual({ code: expected, stderr: '' });
    }
  });

  it('follows the severities of the contract', async () => {
    const body = 'reservations: [{ port: 20001 }]\nservices:\n  api: { command: "true" }\n';
    const workspace = machine.workspace(
      'severities',
      `${HEAD}check: { severity: { PR020: error } }\n${body}`,
    );
    const strict = await workspace.run('check', '--json');
    expect([strict.code, codesOf(strict.stdout)]).toEqual([1, ['PR020 error']]);
    workspace.contract(`${HEAD}check: { severity: { PR020: off } }\n${body}`);
    const quiet = await workspace.run('check', '--json');
    expect([quiet.code, codesOf(quiet.stdout)]).toEqual([0, []]);
  });
});

describe('a contract below the root of its repository', () => {
  it('is annotated by its path in the repository, and only files below it are searched', async () => {
    const root = machine.folder('repository');
    const workspace = openWorkspace(machine, machine.folder('repository/apps/shop'));
    const repository = openWorkspace(machine, root);
    workspace.contract(`${HEAD}services:\n  api: { command: "true", consumes: [db] }\n`);
    workspace.write('client.js', "fetch('http://localhost:3001');\n");
    repository.write('outside.js', "fetch('http://localhost:3002');\n");
    workspace.write('untracked.js', "fetch('http://localhost:3003');\n");
    await repository.git('init', '-q');
    await repository.git('add', 'apps/shop/portramp.yaml', 'apps/shop/client.js', 'outside.js');
    const { stdout } = await workspace.run('check', '--format', 'github');
    const [first, second, ...rest] = stdout.trim().split('\n');
    expect(first).toMatch(/^::error file=apps\/shop\/portramp.yaml,line=4,col=\d+,title=PR010::/);
    expect(second).toMatch(/^::notice file=apps\/shop\/client.js,line=1,col=15,title=PR021::port 3001 /);
    expect(rest).toEqual([]);
    const sarif = await workspace.run('check', '--format', 'sarif');
    expect(sarif.stdout).toContain('"uri": "apps/shop/portramp.yaml"');
  });
});

describe('--explain', () => {
  it('prints the reasoning of a rule, the list of rules, or what was meant', async () => {
    expect(await machine.run(['check', '--explain', 'pr007'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^PR007 \(error\): a port that browsers refuse[^]*10080/) as string,
    });
    const list = await machine.run(['check', '--explain']);
    expect(list.stdout.trim().split('\n').length).toBeGreaterThan(20);
    expect(await machine.run(['check', '--explain', 'PR0077'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/did you mean "PR007"/) as string,
    });
    const json = await machine.run(['check', '--explain', 'PR007', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ version: 1, id: 'PR007', severity: 'error' });
  });
});

it('a wrong format is a wrong command line', async () => {
  expect(await machine.run(['check', '--format', 'xml'])).toMatchObject({ code: 2 });
});

describe('--live', () => {
  it('names who holds a static or reserved port, and not a service of this workspace', async () => {
    const stranger = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const address = stranger.address();
    const number = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const contract = (field: string, reservation = '') =>
        `${HEAD}ranges: { dev: { from: ${number}, to: ${number + 50}, static: 10 } }\n${reservation}services:\n  api: { command: ${node('server.js')}, ports: { http: ${field} } }\n`;
      const workspace = machine.workspace('live', contract(`{ static: ${number} }`));
      const calm = ['PR005', 'PR008', 'PR020'];
      const found = await workspace.run('check', '--live', '--json');
      const { diagnostics } = JSON.parse(found.stdout) as {
        diagnostics: { code: string; message: string; severity: string; line: number }[];
      };
      const [held, ...rest] = diagnostics.filter(({ code }) => !calm.includes(code));
      expect(held).toMatchObject({ code: 'PR030', severity: 'error', line: 5 });
      expect(held?.message).toContain(
        `${number}, which belongs to api.http, is held by ${process.execPath} `,
      );
      expect(held?.message).toContain(` (pid ${process.pid}, in ${process.cwd()})`);
      expect(rest).toEqual([]);
      expect(found.code).toBe(1);

      const without = await workspace.run('check', '--json');
      expect(codesOf(without.stdout)).not.toContain('PR030 error');

      workspace.contract(contract('', `reservations: [{ port: ${number}, owner: team-data }]\n`));
      const reserved = await workspace.run('check', '--live', '--json');
      expect(codesOf(reserved.stdout)).toContain('PR030 note');
    } finally {
      stranger.close();
      await once(stranger, 'close');
    }
  });

  it.skipIf(process.platform !== 'linux')('says how to end what another stack has there', async () => {
    const other = machine.workspace('other', `${HEAD}services:\n  api: { command: ${node('server.js')} }\n`);
    expect(await other.run('dev', '-d')).toMatchObject({ code: 0 });
    const number = (await other.service('api')).ports[0]?.targetPort;
    const mine = machine.workspace(
      'mine',
      `version: 1\nworkspace: mine\nservices:\n  api: { command: ${node('server.js')}, ports: { http: { static: ${number} } } }\n`,
    );
    const { stdout } = await mine.run('check', '--live');
    expect(stdout).toContain(`end it with "portramp stop --port ${number}", or give api.http another number`);
    expect(await mine.run('stop', '--port', String(number))).toMatchObject({ code: 0 });
    expect((await mine.run('check', '--live')).stdout).not.toContain('PR030');
    await other.run('down');
  });

  it('does not take the service itself for a stranger', async () => {
    const contract = (reservation = '') =>
      `${HEAD}${reservation}services:\n  api: { command: ${node('server.js')} }\n`;
    const workspace = machine.workspace('own', contract());
    expect(await workspace.run('dev', '-d')).toMatchObject({ code: 0 });
    const { ports } = await workspace.service('api');
    workspace.contract(contract(`reservations: [{ port: ${ports[0]?.port}, service: api, owner: me }]\n`));
    const { code, stdout } = await workspace.run('check', '--live', '--json');
    expect([code, codesOf(stdout)]).toEqual([0, []]);
    await workspace.run('down');
  });

  it('asks nobody where nothing is fixed', async () => {
    const other = createMachine();
    const workspace = other.workspace('loose', `${HEAD}services:\n  api: { command: "true" }\n`);
    expect(await workspace.run('check', '--live')).toMatchObject({ code: 0 });
    expect(processesOf(other.home)).toEqual([]);
    await other.close();
  });
});
