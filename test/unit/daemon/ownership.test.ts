import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { ownershipOf, watchOwnership } from '../../../src/daemon/ownership.ts';
import { createManualClock } from '../manual-clock.ts';

const failure = (code: string): Error => Object.assign(new Error(`${code}: no luck`), { code });

function scene() {
  const clock = createManualClock();
  const log: string[] = [];
  const state = { displaced: 0, see: (): string | undefined => undefined, looks: 0 };
  const stop = watchOwnership({
    clock,
    look: () => {
      state.looks += 1;
      return state.see();
    },
    log: (line) => log.push(line),
    onDisplaced: () => (state.displaced += 1),
  });
  return { clock, log, state, stop };
}

describe('a daemon that looks whether the state folder is its own', () => {
  it.each(['EMFILE', 'ENFILE', 'EIO', 'EACCES', 'ENOSPC'])(
    'stays when it cannot see because of %s, says so once, and goes on looking',
    async (code) => {
      const { clock, log, state } = scene();
      await clock.advance(3_000);
      state.see = () => {
        throw failure(code);
      };
      await clock.advance(60_000);
      expect([state.displaced, state.looks]).toEqual([0, 21]);
      expect(log).toEqual([
        expect.stringContaining(`cannot see whether the state folder is still this daemon's: ${code}`),
      ]);
      state.see = () => undefined;
      await clock.advance(3_000);
      state.see = () => {
        throw failure(code);
      };
      await clock.advance(3_000);
      expect(log).toHaveLength(2);
      state.see = () => 'the lock file is no longer ours';
      await clock.advance(3_000);
      expect(state.displaced).toBe(1);
    },
  );

  it('ends once, and looks no more, when it has seen that it is not', async () => {
    const { clock, log, state } = scene();
    state.see = () => 'the socket path is no longer ours';
    await clock.advance(10_000);
    expect([state.displaced, state.looks, clock.waiting]).toEqual([1, 1, 0]);
    expect(log).toEqual(['the socket path is no longer ours']);
  });

  it('looks once after the whole process stood still', async () => {
    const { clock, state, stop } = scene();
    await clock.stall(20_000);
    expect(state.looks).toBe(1);
    stop();
    expect(clock.waiting).toBe(0);
  });

  it("sees a socket that was removed or replaced, and a lock that is another one's", () => {
    const folder = mkdtempSync(join(tmpdir(), 'portramp-own-'));
    const socket = join(folder, 'a.sock');
    writeFileSync(socket, '');
    let isHeld = true;
    const ownership = ownershipOf(socket, {
      path: '',
      isHeld: () => isHeld,
      release: () => undefined,
    });
    expect([ownership.look(), ownership.isPathOwn()]).toEqual([undefined, true]);
    isHeld = false;
    expect(ownership.look()).toBe('the lock file is no longer ours');
    isHeld = true;
    writeFileSync(join(folder, 'b'), '');
    renameSync(join(folder, 'b'), socket);
    expect(ownership.look()).toBe('the socket path is no longer ours');
    expect(ownership.isPathOwn()).toBe(false);
    rmSync(folder, { recursive: true });
    expect(ownership.look()).toBe('the socket path is no longer ours');
    // A link that leads to itself cannot be looked at: nothing is concluded, and nothing removed.
    symlinkSync(folder, folder);
    expect(() => ownership.look()).toThrow('ELOOP');
    expect(ownership.isPathOwn()).toBe(false);
    rmSync(folder);
  });
});
