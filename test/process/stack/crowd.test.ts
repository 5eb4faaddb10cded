/** A runner that has very much to do answers all the same. */
import { afterEach, beforeEach, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { createMachine, type Machine } from '../workspace.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

const COUNT = 60;

/** Many services, cheap ones: what is to be seen is the work of the runner. */
function crowd(version: number): string {
  const services = Array.from(
    { length: COUNT },
    (_, index) => `  s${index}: { command: env V=${version} sleep 1000, ports: false }\n`,
  );
  return `version: 1\nworkspace: crowd\nservices:\n${services.join('')}`;
}

it.skipIf(process.platform === 'win32')(
  'an edit of every service keeps nobody from asking, and "down" in the middle of it takes all down',
  { timeout: 240_000 },
  async () => {
    const shop = machine.workspace('crowd', crowd(1));
    expect(await shop.run('dev', '-d')).toMatchObject({ code: 0 });
    const before = await shop.stack();
    expect(before.services).toHaveLength(COUNT);
    shop.contract(crowd(2));
    // Under way: one has another process, others have theirs still.
    await eventually(async () => {
      const { services } = await shop.stack();
      expect(services.some(({ pid }, index) => pid !== before.services[index]?.pid)).toBe(true);
    });
    expect((await shop.stack()).silent).toBeUndefined();
    expect(await shop.run('down')).toMatchObject({
      code: 0,
      stderr: expect.not.stringContaining('SILENT') as string,
    });
    expect((await machine.ls()).stacks).toEqual([]);
  },
);
