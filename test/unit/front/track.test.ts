/** What becomes of a request whose target did not take it. */
import { beforeEach, describe, expect, it } from 'vitest';

import type { Choice } from '../../../src/front/decide.ts';
import { createTracker } from '../../../src/front/track.ts';
import type {
  Decision,
  Fate,
  Forward,
  Reply,
  RequestHead,
  Target,
} from '../../../src/proxy/engine/engine.ts';
import { SpeaksTlsError } from '../../../src/proxy/tls-look.ts';
import { createTraffic, type Traffic } from '../../../src/proxy/traffic.ts';
import { createManualClock, type ManualClock } from '../manual-clock.ts';
import { headOf } from './head.ts';

const HEAD = headOf('api.shop.localhost');
const STAYS = new AbortController().signal;
const at = (port: number, host = '127.0.0.1'): Target => ({ protocol: 'http', host, port });
const refusal = (): Error => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

let clock: ManualClock;
let traffic: Traffic;
/** Where the next request goes; the last one stays. */
let targets: Target[];
/** What was done, in words. */
let seen: string[];
/** Targets that speak TLS, and those of which it is known. */
let tls: Set<number>;
let known: Set<number>;
/** Those of which it is forgotten at once. */
let forgotten: Set<number>;
let wait: () => Promise<unknown>;
/** Whether portramp runs the targets. */
let isRun: boolean;
/** Who wants a target has to wait for one. */
let isStarting: boolean;

const replyOf = (body: string): Reply => ({ status: 502, headers: {}, body });

function settle(): Choice {
  const target = (targets.length > 1 ? targets.shift() : targets[0]) ?? at(0);
  if (target.port === 0) return { action: 'reply', reply: replyOf('stopped') };
  return {
    action: 'forward',
    target,
    isRun,
    headers: { via: 'front' },
    path: '/changed',
    onUnreachable: (error) => replyOf(error.message),
  };
}

const track = (head: RequestHead = HEAD): Decision | Promise<Decision> =>
  createTracker({
    clock,
    traffic,
    tls: {
      knows: ({ port }) => known.has(port),
      suspect: async ({ port }) => {
        if (tls.has(port) && !forgotten.has(port)) known.add(port);
        return tls.has(port);
      },
    },
    onTls: (_, { port }) => seen.push(`tls ${port}`),
    sightings: {
      failed: ({ port }, { message }) => seen.push(`failed ${port}: ${message}`),
      dropped: ({ port }, lines) => seen.push(`dropped ${port}: ${lines}`),
    },
    room: {
      settle,
      now: () => (isStarting ? undefined : settle()),
      news: (ms) => {
        seen.push(`news ${ms}`);
        return wait();
      },
    },
  })(head, STAYS);

function forwarded(decision: Decision): Forward {
  if (decision.action !== 'forward') throw new Error(`a reply: ${decision.reply.body}`);
  return decision;
}

const again = async (decision: Decision, error = refusal(), fate: Fate = 'unsent'): Promise<Decision> => {
  const { again: ask } = forwarded(decision);
  if (ask === undefined) throw new Error('nothing else is asked');
  return ask(error, fate);
};

beforeEach(() => {
  clock = createManualClock();
  traffic = createTraffic(clock);
  [targets, seen, tls, known, forgotten] = [[at(1)], [], new Set(), new Set(), new Set()];
  wait = async () => undefined;
  [isRun, isStarting] = [true, false];
});

it('a request is counted with its target until it is over, and keeps what was decided', async () => {
  const decision = forwarded(await track());
  expect(decision).toMatchObject({ target: at(1), headers: { via: 'front' }, path: '/changed' });
  expect(traffic.quiet([at(1)]).open).toBe(1);
  decision.onDropped?.(at(1), 'a: b');
  expect(seen).toEqual(['dropped 1: a: b']);
  decision.onEnd?.();
  expect(traffic.quiet([at(1)]).open).toBe(0);
});

it('the end of what may stay open for ever is told to its request alone', async () => {
  const [tunnel, exchange] = [
    forwarded(await track(headOf('a', {}, { upgrade: true }))),
    forwarded(await track()),
  ];
  void traffic.drain([at(1)], { timeout: 10, all: false });
  await clock.advance(10);
  expect([tunnel.until?.aborted, exchange.until?.aborted]).toEqual([true, false]);
});

it('an answer of the front is not counted', async () => {
  targets = [at(0)];
  expect(await track()).toMatchObject({ action: 'reply', reply: { body: 'stopped' } });
});

describe('a target that refused', () => {
  it('is left out for a moment, and another one is asked at once', async () => {
    targets = [at(1), at(2)];
    const next = await again(await track());
    expect(next).toMatchObject({ target: at(2) });
    expect([traffic.isRefusing(at(1)), traffic.isRefusing(at(2))]).toEqual([true, false]);
    expect(seen).toEqual([]);
  });

  it('is asked again after a pause where it is the only one, or as soon as something changed', async () => {
    let end: (value: unknown) => void = () => undefined;
    wait = () => new Promise((resolve) => (end = resolve));
    targets = [at(1), at(1), at(3)];
    const next = again(await track());
    await clock.advance(0);
    expect(seen).toEqual(['news 250']);
    end(undefined);
    expect(await next).toMatchObject({ target: at(3) });
  });

  it('is not waited for where the front has an answer meanwhile', async () => {
    targets = [at(1), at(0)];
    expect(await again(await track())).toMatchObject({ action: 'reply', reply: { body: 'stopped' } });
    expect(seen).toEqual([]);
  });

  it('is not asked again where it runs elsewhere: nobody would say that it is back', async () => {
    isRun = false;
    expect(await again(await track())).toMatchObject({ reply: { body: 'connect ECONNREFUSED' } });
    expect(seen).toEqual(['failed 1: connect ECONNREFUSED']);
    expect(await again(await track(), new Error('read ECONNRESET'), 'stale')).toMatchObject({
      target: at(1),
    });
  });

  it('is asked for ten seconds from the first time, however often, and then it is said', async () => {
    let decision = await track();
    await clock.advance(5_000);
    for (let round = 0; round < 20; round += 1) {
      decision = await again(decision);
      await clock.advance(499);
    }
    expect(seen.filter((line) => line.startsWith('failed'))).toEqual([]);
    await clock.advance(20);
    const last = await again(decision);
    expect(last).toMatchObject({ action: 'reply', reply: { body: 'nothing listens there' } });
    expect(seen.at(-1)).toBe('failed 1: nothing listens there');
  });
});

describe('a request that a target took without an answer', () => {
  const broken = new Error('socket hang up');

  it('is carried out by another one', async () => {
    targets = [at(1), at(2)];
    expect(await again(await track(), broken, 'sent')).toMatchObject({ target: at(2) });
    expect(traffic.isRefusing(at(1))).toBe(true);
    expect(seen).toEqual([]);
  });

  it.each([
    ['there is no other', () => (targets = [at(1), at(1)])],
    ['the other is on its way', () => (isStarting = true)],
  ])('is not carried out twice by the same: %s', async (_, prepare) => {
    prepare();
    expect(await again(await track(), broken, 'sent')).toMatchObject({ reply: { body: 'socket hang up' } });
    expect(seen).toEqual(['failed 1: socket hang up']);
  });

  it('is answered by the front where that has an answer', async () => {
    targets = [at(1), at(0)];
    expect(await again(await track(), broken, 'sent')).toMatchObject({ action: 'reply' });
  });
});

describe('a request whose connection was closed after others had used it', () => {
  const broken = new Error('read ECONNRESET');

  it('is carried out by another target, without a look at the one that closed it', async () => {
    targets = [at(1), at(2)];
    tls = new Set([1]);
    expect(await again(await track(), broken, 'stale')).toMatchObject({ target: at(2) });
    expect(traffic.isRefusing(at(1))).toBe(true);
    expect(seen).toEqual([]);
  });

  it('is carried out by the same after a pause where there is no other: by then that one has ended, or has not', async () => {
    expect(await again(await track(), broken, 'stale')).toMatchObject({ target: at(1) });
    expect(seen).toEqual(['news 250']);
  });
});

it('a target to which no connection can be made is asked four times', async () => {
  const broken = new Error('connect EADDRNOTAVAIL');
  let decision = await track();
  for (let round = 1; round < 4; round += 1) decision = await again(decision, broken);
  expect(decision.action).toBe('forward');
  expect(await again(decision, broken)).toMatchObject({ reply: { body: 'connect EADDRNOTAVAIL' } });
  expect(seen.at(-1)).toBe('failed 1: connect EADDRNOTAVAIL');
});

it.each(['127.0.0.1', '::1', 'localhost'])('the target %s is asked again', async (host) => {
  targets = [at(1, host)];
  expect(forwarded(await track()).again).toBeDefined();
});

it.each(['10.0.0.1', 'api.example.com', 'localhost.example.com'])(
  'the target %s is asked once',
  async (host) => {
    targets = [at(1, host)];
    expect(forwarded(await track()).again).toBeUndefined();
  },
);

describe('a target that speaks TLS', () => {
  const said = new SpeaksTlsError().message;

  it('is not asked again, and its owner is told once', async () => {
    tls.add(1);
    for (let round = 0; round < 2; round += 1)
      expect(await again(await track(), new Error('socket hang up'))).toMatchObject({
        reply: { body: said },
      });
    expect(seen).toEqual(['tls 1']);
  });

  it('is not told of when it is published no more', async () => {
    tls.add(1);
    forgotten.add(1);
    await again(await track(), new Error('socket hang up'));
    expect(seen).toEqual([]);
  });

  it('is said to do so where a request cannot be made again, and any other error as it is', async () => {
    targets = [at(1), at(2)];
    tls.add(1);
    const ask = async (): Promise<Reply> =>
      forwarded(await track()).onUnreachable(new Error('socket hang up'));
    expect(await ask()).toMatchObject({ body: said });
    expect(await ask()).toMatchObject({ body: 'socket hang up' });
    expect(seen).toEqual(['tls 1', `failed 1: ${said}`, 'failed 2: socket hang up']);
  });
});
