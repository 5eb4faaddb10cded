/** What is run inside of a container before its stack is gone. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runCleanup } from '../../../src/runtime/compose/cleanup.ts';
import { type Machine, type Workspace } from '../../process/workspace.ts';
import { findTestEngine } from '../engine.ts';

const engine = await findTestEngine();

const COMPOSE = `
services:
  db:
    image: portramp/test:1
    stop_signal: SIGKILL
    command: [httpd, -f, -p, "80", -h, /www]
    ports: ["80"]
    environment: { FROM_FILE: "yes" }
    volumes: ["./out:/out"]
  web:
    image: portramp/test:1
    command: [sh, -c, "echo > /out/web; trap 'busybox rm /out/web; exit' TERM; while :; do sleep 0.1; done"]
    volumes: ["./out:/out"]
    depends_on: [db]
`;

const contractWith = (cleanup: string): string => `version: 1
workspace: tidy
services:
  idle:
    command: "echo > out/idle; trap 'rm out/idle; exit' TERM; while :; do sleep 0.1; done"
    ports: false
    consumes: [db]
    ready: { file: out/idle }
  db:
    compose: db
    cleanup: ${cleanup}
`;

describe.skipIf(engine === undefined)('cleanup', () => {
  if (engine === undefined) return;
  const { compose, docker } = engine;
  let machine: Machine;
  let stack: Workspace;

  beforeEach(() => {
    machine = engine.createMachine();
  });
  afterEach(async () => {
    try {
      await stack.run('down');
      expect(await engine.left()).toEqual([]);
    } finally {
      await machine.close();
    }
  });

  const open = (cleanup: string): void => {
    stack = machine.workspace('tidy', contractWith(cleanup));
    stack.write('compose.yaml', COMPOSE);
    stack.write('out/.keep', '');
  };
  const seen = (): string => readFileSync(join(stack.root, 'out/seen'), 'utf8');

  it('runs when its consumers have stopped, with the values of the container and of the stack', async () => {
    open(`cd /out; (env; echo *; echo $$ \${stack.ident}) > /tmp/x; cat /tmp/x > seen`);
    expect((await stack.run('dev', '-d')).code).toBe(0);
    expect(await stack.run('down')).toMatchObject({ code: 0, stdout: 'tidy is down\n', stderr: '' });
    expect(seen()).toMatch(/^FROM_FILE=yes$/m);
    expect(seen()).toMatch(/^PORTRAMP_STACK=tidy$/m);
    expect(seen()).toMatch(/^\*\n\d+ tidy$/m);
    expect(await docker('ps', '-aq')).toBe('');
  });

  it('runs also when only containers are left, and not at Ctrl-C', async () => {
    open('[sh, -c, "cd /out; echo * > /tmp/x; cat /tmp/x > seen"]');
    const dev = stack.start('dev');
    await stack.until('web', 'ready', 60_000);
    dev.child.kill('SIGINT');
    expect(await dev.ended).toBe(0);
    expect(seen).toThrow();
    expect((await stack.run('down')).stdout).toBe('tidy is down\n');
    expect(seen()).toBe('*\n');
  });

  it('does not run where its container does not, and does not hold up the rest', async () => {
    open('echo x > /out/seen');
    expect((await stack.run('dev', '-d')).code).toBe(0);
    await docker('kill', 'tidy-db-1');
    await stack.until('db', 'failed');
    expect(await stack.run('down')).toMatchObject({ code: 0, stdout: 'tidy is down\n', stderr: '' });
    expect(seen).toThrow();
  });

  it('is told when it fails, with what it said', async () => {
    open('echo cannot connect >&2; exit 3');
    expect((await stack.run('dev', '-d')).code).toBe(0);
    const { code, stderr } = await stack.run('down');
    expect(code).toBe(0);
    expect(stderr).toContain('the cleanup of db failed: it ended with code 3: cannot connect');
    expect(await docker('ps', '-aq')).toBe('');
  });

  it('has its time, and no more', async () => {
    open('"true"');
    expect((await stack.run('dev', '-d')).code).toBe(0);
    const call = {
      binary: compose,
      cwd: stack.root,
      environment: process.env,
      options: [],
      files: [`${stack.root}/compose.yaml`],
      profiles: [],
      projectName: 'tidy',
    };
    const cleanup = { service: 'db', command: 'sleep 1000', variables: {} };
    expect(await runCleanup(call, cleanup, 500)).toBe('it was not done after 0.5 s');
  });
});
