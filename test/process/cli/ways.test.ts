/** What is said to type is about the stack that is meant, wherever it is typed. */
import { afterEach, beforeEach, expect, it } from 'vitest';

import { createMachine, type Machine, type Result } from '../workspace.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
  machine.workspace(
    'shop',
    `version: 1
workspace: shop
environments: { test: }
services:
  bad: { command: "echo no such luck; exit 7", ports: false, ready: { log: never }, restart: { policy: no } }
`,
  );
});
afterEach(() => machine.close());

/** Types each command that a text has in quotes, in the folder, and returns what came of it. */
async function typeAll(text: string, cwd: string): Promise<Map<string, Result>> {
  const results = new Map<string, Result>();
  for (const [, words = ''] of text.matchAll(/"portramp ([^"]+)"/g))
    results.set(words, await machine.run(words.split(' '), { cwd }));
  return results;
}

it('is about the environment and the folder in which the stack was started', async () => {
  const elsewhere = machine.folder('elsewhere');
  const options = ['-C', '../shop', '--env', 'test'];
  const { code, stderr } = await machine.run(['dev', '-d', ...options], { cwd: elsewhere });
  expect(code).toBe(1);
  expect(stderr).toContain('nothing runs now, and the stack waits for an edit');
  const results = await typeAll(stderr, elsewhere);
  expect(results.get('logs --dir ../shop --env test bad')?.stdout).toContain('no such luck');
  expect(results.get('down --dir ../shop --env test')?.stdout).toBe('shop-test is down\n');
  const start = await machine.run(['start', 'bad', ...options], { cwd: elsewhere });
  expect(start.stderr).toContain('start it with "portramp dev --dir ../shop --env test"');
});
