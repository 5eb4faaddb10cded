/** An engine that does not answer is one reason for all containers: it is said once. */
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import type { Machine, Workspace } from '../../process/workspace.ts';
import { startAwayEngine, type AwayEngine } from '../away-engine.ts';
import { IMAGE, findTestEngine } from '../engine.ts';

const engine = await findTestEngine();

const SERVER = `{ image: ${IMAGE}, init: true, stop_grace_period: 0s, command: [sh, -c, "echo up; exec httpd -f -p 80 -h /www"], ports: ["80"] }`;
const NAMES = ['db', 'cache', 'mail'];
const CONTRACT = `version: 1
workspace: away
services:
${NAMES.map((name) => `  ${name}: { compose: ${name} }\n`).join('')}  api: { command: sleep 1000, ports: false, consumes: [db, cache] }
`;

describe.skipIf(engine === undefined)('an engine that does not answer', () => {
  if (engine === undefined) return;
  let machine: Machine;
  let stack: Workspace;
  let away: AwayEngine;

  beforeEach(async () => {
    machine = engine.createMachine();
    away = await startAwayEngine(join(machine.folder('engine'), 'd.sock'));
    machine.environment['DOCKER_HOST'] = away.host;
    stack = machine.workspace('away', CONTRACT);
    stack.write('compose.yaml', `services:\n${NAMES.map((name) => `  ${name}: ${SERVER}\n`).join('')}`);
  });
  afterEach(async () => {
    await away.comeBack();
    try {
      await stack.run('down', '--volumes');
      expect(await engine.left()).toEqual([]);
    } finally {
      await machine.close();
      await away.leave();
    }
  });

  /** How often the text says it. */
  const countIn = (text: string): number => text.split('the container engine does not answer at').length - 1;
  const namesIn = (line = ''): string[] => NAMES.filter((name) => line.includes(name));

  it('is said once by ls, by why of what needs containers, and in the terminal of dev', async () => {
    const runner = stack.start('dev');
    for (const name of [...NAMES, 'api']) await stack.until(name, 'ready', 90_000);
    expect(countIn(runner.output)).toBe(0);
    await away.leave();
    for (const name of NAMES) await stack.until(name, 'unwell', 90_000);

    const { stdout: listed } = await stack.run('ls');
    expect([countIn(listed), listed]).toEqual([1, expect.stringContaining('docker info')]);
    const sentence = listed.split('\n').find((line) => countIn(line) > 0);
    expect(namesIn(sentence)).toEqual(NAMES);
    for (const name of NAMES) expect(listed).toMatch(new RegExp(`^ *${name} +unwell +\\S+$`, 'm'));
    const why = await stack.run('why', 'api');
    expect([why.code, countIn(why.stdout), why.stdout]).toEqual([
      1,
      1,
      expect.stringMatching(
        /needs cache .* unwell, for the same reason as db|needs db .* unwell, for the same reason as cache/,
      ),
    ]);
    for (const name of NAMES) await runner.prints(new RegExp(`${name}.*unwell`));
    expect(countIn(runner.output)).toBe(1);
    await away.comeBack();
    for (const name of NAMES) await stack.until(name, 'ready', 90_000);
  });

  it('is said once by dev -d, which cannot start anything', async () => {
    await away.leave();
    const { code, stdout, stderr } = await stack.run('dev', '-d');
    // What is waited for is said meanwhile, where that takes long.
    const outcome = `${stdout}${stderr}`.replaceAll(/^waiting: .*$/gm, '');
    const hint = 'hint: start Docker (or Podman), and see "docker info"';
    expect([code, countIn(outcome), outcome]).toEqual([1, 1, expect.stringContaining(hint)]);
    await eventually(async () => {
      const { stdout: listed } = await stack.run('ls');
      expect([countIn(listed), listed]).toEqual([
        1,
        expect.stringMatching(/api +failed +needs (db|cache), which failed$/m),
      ]);
    });
  });
});
