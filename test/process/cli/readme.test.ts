/** What the README prints, as somebody types it who has nothing else. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createMachine, type Machine, type Workspace } from '../workspace.ts';

const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
const [, after = ''] = README.split('## Use it');
const block = (language: string): string =>
  new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(after)?.[1] ?? '';

describe('the first contract', () => {
  let machine: Machine;
  let empty: Workspace;
  beforeAll(async () => {
    machine = createMachine();
    empty = machine.workspace('empty', block('yaml'));
    await empty.git('init', '-q');
  });
  afterAll(() => machine.close());

  /** The lines of commands below it; what goes on until Ctrl-C is done without. */
  const commands = block('sh')
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, ''))
    .filter((line) => line.startsWith('portramp ') && line !== 'portramp dev')
    .map((line) => line.replace(/ -f$/, '').split(' ').slice(1));

  it('is without findings', async () => {
    expect(commands.length).toBeGreaterThanOrEqual(5);
    expect(await empty.run('check')).toMatchObject({ code: 0, stderr: '' });
  });

  it('runs as printed, and so does each command after it', async () => {
    const name = /^workspace: (\w+)$/m.exec(block('yaml'))?.[1] ?? '';
    for (const command of commands) {
      const result = await empty.run(...command);
      const said = result.code === 0 ? '' : result.stderr;
      expect(`${command.join(' ')}: ${result.code} ${said}`).toBe(`${command.join(' ')}: 0 `);
      if (command[0] === 'dev') {
        expect(await machine.get(`web.${name}.localhost`)).toMatchObject({ status: 200, body: 'hello' });
      }
      if (command[0] === 'url')
        expect(result.stdout).toMatch(new RegExp(`^http://api\\.${name}\\.localhost(:\\d+)?\n$`));
    }
  });

  it('does not take the name of the demo', () => {
    const demo = readFileSync(new URL('../../../fixtures/shop/portramp.yaml', import.meta.url), 'utf8');
    const nameIn = (text: string): string | undefined => /^workspace: (\S+)$/m.exec(text)?.[1];
    expect(nameIn(block('yaml'))).not.toBe(nameIn(demo));
  });
});
