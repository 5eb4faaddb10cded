/** A replica that is ready before the process that had the number alone has ended is not lost for that. */
import { describe, expect, it } from 'vitest';

import { openWhenLeft } from '../../../src/stack/ramp/opening.ts';
import type { SeenHolder } from '../../../src/stack/taken.ts';
import { createManualClock } from '../manual-clock.ts';
import { resolutionOf } from '../plan/stack.ts';

const key = { root: '/work/shop', environment: 'dev' };
const own: SeenHolder = {
  pid: 8,
  owner: { stack: 'shop', ...key, service: 'api', port: 'http', status: 'ready' } as SeenHolder['owner'],
};
const stranger: SeenHolder = { pid: 7, command: 'x' };

/** A number that is taken until `free` milliseconds have gone by. */
function openOn(holders: readonly SeenHolder[], free: number) {
  const clock = createManualClock();
  const launched = resolutionOf('services:\n  api: { command: x }\n').services.get('api');
  if (launched === undefined) throw new Error('unreachable');
  const told: string[] = [];
  const inUse = (): Error =>
    Object.assign(new Error('in use'), { code: 'EADDRINUSE', port: launched.ports[0]?.port });
  const open = async (): Promise<void> => {
    if (clock.now() < free) throw inUse();
  };
  const opening = openWhenLeft({ open, launched, key, holdersOf: async () => holders, clock });
  opening?.then(
    () => told.push('open'),
    (error: unknown) => told.push(String(error)),
  );
  return { clock, told };
}

describe('the ramp of a service that has got replicas', () => {
  it('opens when the process that had its number has ended, or the number is nobody’s', async () => {
    // What has just been told to end is named by no service any more.
    const leaving: SeenHolder = { pid: 8, belonging: 'live' };
    for (const holders of [[own], [leaving], []]) {
      const { clock, told } = openOn(holders, 20_000);
      await clock.advance(19_000);
      expect(told).toEqual([]);
      await clock.advance(1_200);
      expect(told).toEqual(['open']);
      expect(clock.waiting).toBe(0);
    }
  });

  it('is not waited for where somebody else has the number, nor for ever', async () => {
    const taken = openOn([stranger], Infinity);
    await taken.clock.advance(0);
    expect(taken.told).toEqual([expect.stringContaining('is held by x (pid 7)')]);
    const lasting = openOn([own], Infinity);
    await lasting.clock.advance(10 * 60_000);
    expect(lasting.told).toEqual([expect.stringContaining('is held by api of shop')]);
    expect(lasting.clock.waiting).toBe(0);
  });
});
