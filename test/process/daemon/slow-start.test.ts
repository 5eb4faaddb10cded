/** A daemon that takes its time before it says that it is ready. */
import { cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { createManualClock } from '../../unit/manual-clock.ts';
import { buildBundle, createPrivateHome, makeFolder, processesOf, type PrivateHome } from './bundle.ts';

let bundle = '';
let scene: PrivateHome;

beforeAll(async () => {
  bundle = makeFolder();
  await buildBundle(bundle);
});

afterAll(() => rmSync(bundle, { recursive: true }));

beforeEach(() => {
  scene = createPrivateHome(bundle);
});

afterEach(() => scene.close());

describe('a daemon that computes before it is ready', () => {
  it.skipIf(process.platform !== 'linux')('is waited for, and that is said once', async () => {
    const slow = makeFolder();
    cpSync(bundle, slow, { recursive: true });
    renameSync(join(slow, 'daemon.js'), join(slow, 'late.js'));
    writeFileSync(
      join(slow, 'daemon.js'),
      `import { existsSync } from 'node:fs';
const still = new Int32Array(new SharedArrayBuffer(4));
while (!existsSync(process.env.PORTRAMP_HOME + '/go')) Atomics.wait(still, 0, 0, 20);
await import('./late.js');\n`,
    );
    const clock = createManualClock();
    const notices: string[] = [];
    const connecting = scene.connect({ bundle: slow, clock, onNotice: (text) => notices.push(text) });
    let pid: number | undefined;
    try {
      await eventually(() => expect(processesOf(scene.home)).toHaveLength(1));
      [pid] = processesOf(scene.home);
      await clock.advance(50_000);
      expect(notices).toEqual(['waiting: the daemon is starting']);
    } finally {
      writeFileSync(join(scene.home.root, 'go'), '');
    }
    expect((await connecting).pid).toBe(pid);
    rmSync(slow, { recursive: true });
  });
});
