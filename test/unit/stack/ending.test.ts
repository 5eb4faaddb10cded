/** Why a process ended that says that its port was in use, and whether another attempt may help. */
import { describe, expect, it } from 'vitest';

import { explainEnd } from '../../../src/stack/ending.ts';
import type { SeenHolder } from '../../../src/stack/taken.ts';
import { createManualClock } from '../manual-clock.ts';
import { resolutionOf } from '../plan/stack.ts';

const REDIS = '# Warning: Could not create server TCP listening socket *:6379: bind: Address already in use';
const stranger: SeenHolder = { pid: 7, command: 'redis-server' };
const ownerOf = (status: string): SeenHolder => ({
  ...stranger,
  owner: { root: '/blog', environment: 'dev', stack: 'blog', service: 'cache', status },
});

function endOf(contract: string, wasReady: boolean, holder: SeenHolder | undefined = stranger) {
  const { services } = resolutionOf(`services:\n  redis: { command: redis-server, ${contract} }\n`);
  const key = { root: '/shop', environment: 'dev' };
  return explainEnd(
    { launched: services.get('redis')!, launch: 1, wasReady, exitCode: 1 },
    {
      logs: { tail: () => [REDIS] },
      key,
      clock: createManualClock(),
      holdersOf: async (number) => (number === 6379 && holder !== undefined ? [holder] : []),
    },
  );
}

describe('a process that was ready and ends because a port is in use', () => {
  it.each(['ports: false, ready: { exec: redis-cli ping }', 'ready: { exec: redis-cli ping }'])(
    'fails at once, and is told that another program answered its probe: %s',
    async (contract) => {
      const end = await endOf(contract, true);
      expect(end?.isLasting).toBe(true);
      expect(end?.why?.message).toBe(
        'it wants port 6379, which redis-server (pid 7) has; it was called ready because another program answered its probe',
      );
      expect(end?.why?.hint).toMatch(/end it: kill 7$/);
    },
  );

  it('has had no probe that another one could answer, where nothing or its own words made it ready', async () => {
    for (const contract of ['ports: false', 'ports: false, ready: { log: up }']) {
      const end = await endOf(contract, true);
      expect(end).toMatchObject({ isLasting: true, why: { message: expect.not.stringContaining('probe') } });
    }
  });

  it('is started again where the holder is about to leave, or left, or where it was never ready', async () => {
    const contract = 'ports: false, ready: { exec: redis-cli ping }';
    expect(await endOf(contract, true, ownerOf('stopping'))).toMatchObject({ isLasting: false });
    expect(await endOf(contract, true, ownerOf('ready'))).toMatchObject({ isLasting: true });
    expect(await endOf(contract, false)).toMatchObject({
      isLasting: false,
      why: { message: 'it wants port 6379, which redis-server (pid 7) has' },
    });
    const left = await explainEnd(
      {
        launched: resolutionOf('services:\n  redis: { command: x }\n').services.get('redis')!,
        launch: 1,
        wasReady: true,
        exitCode: 1,
      },
      {
        logs: { tail: () => [REDIS] },
        key: { root: '/', environment: 'dev' },
        holdersOf: async () => [],
        clock: createManualClock(),
      },
    );
    expect(left).toBeUndefined();
  });
});

describe('a process that ends with code 0 although it has a port', () => {
  async function endOf(contract: string, holders: readonly (readonly SeenHolder[])[]): Promise<unknown> {
    const { services } = resolutionOf(`services:\n  web: { ${contract} }\n`);
    const clock = createManualClock();
    const looks = [...holders];
    const explained = explainEnd(
      { launched: services.get('web')!, launch: 1, wasReady: false, exitCode: 0 },
      {
        logs: { tail: () => [REDIS] },
        key: { root: '/shop', environment: 'dev' },
        clock,
        holdersOf: async () => looks.shift() ?? [],
      },
    );
    await clock.advance(1_000);
    return explained;
  }

  it('has gone to the background where somebody listens there: at once, or a moment later', async () => {
    const why = {
      message: expect.stringMatching(
        /^it went to the background: nginx: master \(pid 7\) listens on its port \d+ \(http\)/,
      ) as string,
      hint: 'run it in the foreground (nginx: -g "daemon off;"), and end that one: kill 7',
    };
    const daemon: SeenHolder = { pid: 7, command: 'nginx: master' };
    for (const looks of [[[daemon]], [[], [daemon]]])
      expect(await endOf('command: /usr/sbin/nginx -p .', looks)).toEqual({ why, isLasting: true });
  });

  it('has just ended where nobody does, or another service', async () => {
    expect(await endOf('command: nginx', [[], []])).toBeUndefined();
    expect(await endOf('command: nginx', [[ownerOf('ready')], [ownerOf('ready')]])).toBeUndefined();
    expect(await endOf('command: work, ports: false', [[stranger]])).toBeUndefined();
  });
});
