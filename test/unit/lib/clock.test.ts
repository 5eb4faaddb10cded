import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { systemClock } from '../../../src/lib/clock.ts';

/** Keeps the process busy: no timer runs, and no socket is read. */
function blockFor(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

const run = (ms: number): Promise<number> =>
  new Promise((resolve) => {
    const asked = performance.now();
    systemClock.after(ms, () => resolve(performance.now() - asked));
  });

afterEach(() => {
  vi.useRealTimers();
});

describe('the clock', () => {
  it.each([-3_600_000, 3_600_000, -40 * 86_400_000])(
    'does not follow a date that moves by %i ms',
    (moved) => {
      vi.useFakeTimers({ toFake: ['Date'] });
      const [now, date] = [systemClock.now(), systemClock.wallTime()];
      vi.setSystemTime(date + moved);
      expect(systemClock.now() - now).toBeGreaterThanOrEqual(0);
      expect(systemClock.now() - now).toBeLessThan(60_000);
      expect(systemClock.wallTime() - date).toBeGreaterThanOrEqual(moved);
    },
  );

  it.each([0, 1, 20.4, 30])('runs nothing before its %d ms are over, also after a long turn', async (ms) => {
    const whole = new Promise<number>((resolve) => {
      // The loop's own time is that of the start of this turn.
      setImmediate(() => {
        blockFor(60);
        resolve(run(ms));
      });
    });
    expect(await whole).toBeGreaterThanOrEqual(ms);
  });

  it.each([2 ** 31, 90 * 86_400_000, Infinity])(
    'waits for %d ms, which a timer of Node does not',
    async (ms) => {
      let ran = false;
      const cancel = systemClock.after(ms, () => (ran = true));
      await run(30);
      expect(ran).toBe(false);
      cancel();
    },
  );

  it('runs what is further away than a timer of Node may be, when its time has come and not before', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    let ran = 0;
    const far = 2 ** 31 + 5_000;
    systemClock.after(far, () => (ran += 1));
    vi.advanceTimersByTime(far - 1);
    expect(ran).toBe(0);
    vi.advanceTimersByTime(10);
    expect(ran).toBe(1);
  });

  it('reads what came in while the process stood still before it runs what is late', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const client = connect(port, '127.0.0.1');
    const [far] = await accepted;
    const heard: string[] = [];
    client.on('data', () => heard.push('answer'));
    const late = new Promise<void>((resolve) => {
      systemClock.after(20, () => {
        heard.push('late');
        resolve();
      });
    });
    far.write('the answer');
    blockFor(400);
    await late;
    expect(heard).toEqual(['answer', 'late']);
    client.destroy();
    server.close();
  });

  it('runs nothing that is cancelled, also by another that is late as well', async () => {
    const ran: string[] = [];
    const cancelled = systemClock.after(20, () => ran.push('cancelled'));
    systemClock.after(20, () => {
      ran.push('first');
      second();
    });
    const second = systemClock.after(20, () => ran.push('second'));
    cancelled();
    blockFor(400);
    await run(20);
    expect(ran).toEqual(['first']);
  });
});
