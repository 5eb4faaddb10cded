/** A service that the contract calls otherwise than the Compose file: what is said names it so that it can be typed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Machine, Workspace } from '../../process/workspace.ts';
import { IMAGE, findTestEngine } from '../engine.ts';

const engine = await findTestEngine();

const CONTRACT = `version: 1
workspace: called
services:
  db: { compose: postgres }
  web: { compose: web }
`;
const SERVER = `image: ${IMAGE}, init: true, stop_grace_period: 0s, command: [httpd, -f, -p, "80", -h, /www], ports: ["80"]`;
const PROJECT = `services:\n  postgres: { ${SERVER} }\n  web: { ${SERVER} }\n`;

describe.skipIf(engine === undefined)('a service that has another name in the contract', () => {
  if (engine === undefined) return;
  const { docker } = engine;
  let machine: Machine;
  let stack: Workspace;

  beforeAll(async () => {
    machine = engine.createMachine();
    stack = machine.workspace('called', CONTRACT);
    stack.write('compose.yaml', PROJECT);
    expect((await stack.run('dev', '-d')).code).toBe(0);
  });
  afterAll(async () => {
    await machine.close();
    expect(await engine.left()).toEqual([]);
  });

  it.each([['stop'], ['rm', '-f']])(
    'is named by it after docker %s, and what is said works',
    async (...words) => {
      await docker(...words, 'called-postgres-1');
      const { failure } = await stack.until('db', 'failed');
      expect(failure?.hint).toMatch(/^start it again with "portramp start (--stack \S+ )?db"$/);
      const [, ...typed] = /"(.+)"/.exec(failure?.hint ?? '')?.[1]?.split(' ') ?? [];
      expect((await stack.run(...typed)).code).toBe(0);
      expect((await stack.service('db')).state).toBe('ready');
    },
  );

  it('is refused by the other name wherever a service is named, with the one that counts', async () => {
    const why = /there is no service.* "postgres".*: postgres of the Compose file is db in this contract/;
    for (const words of [
      ...['start', 'stop', 'restart', 'logs', 'why', 'wait', 'url', 'env', 'open', 'traffic'].map((verb) => [
        verb,
        'postgres',
      ]),
      ['exec', 'postgres', 'true'],
      ['scale', 'postgres=2'],
    ]) {
      const { code, stdout, stderr } = await stack.run(...words);
      expect({ words, code, stdout }).toEqual({ words, code: expect.any(Number), stdout: '' });
      expect(code).not.toBe(0);
      expect(stderr).toMatch(why);
      expect(stderr).toContain('did you mean "db"?');
    }
    expect(await stack.service('db')).toMatchObject({ compose: 'postgres', state: 'ready' });
    expect(await stack.service('web')).not.toHaveProperty('compose');
    // At rest too.
    expect((await stack.run('down')).code).toBe(0);
    for (const words of [
      ['logs', 'postgres'],
      ['dev', '-d', 'postgres'],
    ])
      expect((await stack.run(...words)).stderr).toMatch(why);
  });
});
