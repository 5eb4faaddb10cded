/** Who may listen on the control socket. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ALREADY_RUNNING, claimSocket } from '../../../src/daemon/control.ts';
import { locateHome, type Home } from '../../../src/lib/home.ts';

let home: Home;

/** A holder that nobody sees from here: it has ended, or it has its numbers in another container. */
const UNSEEN = `${JSON.stringify({ pid: 2 ** 22 + 1, startTime: '1', token: 'abc' })}\n`;

beforeEach(() => {
  home = locateHome({ PORTRAMP_HOME: mkdtempSync(join(tmpdir(), 'portramp-claim-')) });
  writeFileSync(home.lock, UNSEEN);
});

afterEach(() => rmSync(home.root, { recursive: true }));

describe('a daemon that starts', () => {
  it('leaves the lock to whoever answers on the socket, also where its holder is not to be seen', async () => {
    const server = createServer().listen(home.socket);
    await once(server, 'listening');
    try {
      expect(await claimSocket(home)).toBe(ALREADY_RUNNING);
      expect(readFileSync(home.lock, 'utf8')).toBe(UNSEEN);
    } finally {
      server.close();
    }
  });

  it('takes the lock of one that is gone, and removes its socket', async () => {
    if (process.platform !== 'win32') writeFileSync(home.socket, '');
    const lock = await claimSocket(home);
    expect(lock === ALREADY_RUNNING ? undefined : lock.isHeld()).toBe(true);
    expect(existsSync(home.socket)).toBe(false);
  });
});
