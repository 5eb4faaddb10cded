/** A client that outlives the daemon that it was connected to. */
import { expect, it } from 'vitest';

import { askThrough, createLasting, type LastingClient } from '../../../src/cli/lasting.ts';
import { PortrampError } from '../../../src/lib/errors.ts';
import type { DaemonClient } from '../../../src/protocol/client.ts';

interface Fake {
  readonly client: DaemonClient;
  readonly end: (reason?: 'stop' | 'yield') => void;
  readonly closed: () => boolean;
}

function createFake(pid: number): Fake {
  const closes: (() => void)[] = [];
  const notices: Parameters<DaemonClient['onNotice']>[0][] = [];
  let isClosed = false;
  const client = {
    pid,
    request: async () => {
      if (isClosed) throw new PortrampError('DAEMON_UNREACHABLE', 'the connection to the daemon was lost');
      return pid;
    },
    onNotice: (listener: (typeof notices)[number]) => notices.push(listener),
    onClose: (listener: () => void) => closes.push(listener),
    close: () => end(),
  } as unknown as DaemonClient;
  const end = (reason?: 'stop' | 'yield'): void => {
    if (isClosed) return;
    if (reason !== undefined) for (const listener of notices) listener('closing', { reason });
    isClosed = true;
    for (const listener of closes) listener();
  };
  return { client, end, closed: () => isClosed };
}

const fakes = (): {
  readonly first: Fake;
  readonly second: Fake;
  dials: number;
  readonly client: LastingClient;
} => {
  const [first, second] = [createFake(1), createFake(2)];
  const scene = {
    first,
    second,
    dials: 0,
    client: createLasting(first.client, async () => {
      scene.dials += 1;
      return second.client;
    }),
  };
  return scene;
};
const ask = (client: LastingClient): Promise<unknown> => client.request('status', {});
const always = (): number => 1_000;

it('asks the next daemon, once for all that wait, and is that one from then on', async () => {
  const scene = fakes();
  scene.first.end();
  expect(scene.client.isLost).toBe(true);
  const again: boolean[] = [];
  const both = [1, 2].map(() =>
    askThrough(scene.client, always, (isAgain) => {
      again.push(isAgain);
      return ask(scene.client);
    }),
  );
  expect(await Promise.all(both)).toEqual([2, 2]);
  expect([scene.dials, scene.client.pid, scene.client.isLost]).toEqual([1, 2, false]);
  expect(again).toEqual([false, false, true, true]);
  scene.client.close();
  expect([scene.second.closed(), scene.client.isLost]).toEqual([true, false]);
});

it('starts none in place of one that a person stopped, but for one that makes way', async () => {
  const stopped = fakes();
  stopped.first.end('stop');
  await expect(askThrough(stopped.client, always, () => ask(stopped.client))).rejects.toThrow(
    expect.objectContaining({
      code: 'DAEMON_UNREACHABLE',
      hint: expect.stringContaining('daemon start') as string,
    }),
  );
  expect(stopped.dials).toBe(0);
  const gone = fakes();
  gone.first.end('yield');
  expect(await askThrough(gone.client, always, () => ask(gone.client))).toBe(2);
});

it('asks nobody again what the daemon refused, or when the time is over', async () => {
  const scene = fakes();
  const refuse = (): Promise<never> => Promise.reject(new PortrampError('UNKNOWN_NAME', 'no such thing'));
  await expect(askThrough(scene.client, always, refuse)).rejects.toThrow('no such thing');
  const silent = (): Promise<never> =>
    Promise.reject(new PortrampError('DAEMON_UNREACHABLE', 'does not answer'));
  await expect(askThrough(scene.client, always, silent)).rejects.toThrow('does not answer');
  scene.first.end();
  await expect(
    askThrough(
      scene.client,
      () => 0,
      () => ask(scene.client),
    ),
  ).rejects.toThrow('lost');
  expect(scene.dials).toBe(0);
});
