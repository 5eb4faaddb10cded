/** The front as a whole, between an engine that only asks and a clock that stands still. */
import { beforeEach, describe, expect, it } from 'vitest';

import { createFront, type Front } from '../../../src/front/front.ts';
import type { RequestEvent } from '../../../src/front/observe.ts';
import type { RouteState } from '../../../src/front/table.ts';
import type { Decision, Forward, Handler, Reply } from '../../../src/proxy/engine/engine.ts';
import { createManualClock, type ManualClock } from '../manual-clock.ts';
import { headOf, NAVIGATION } from './head.ts';

const TARGET = { protocol: 'http', host: '127.0.0.1', port: 4_000 } as const;
const LIVE: RouteState = { state: 'live', targets: [TARGET] };
const SILENT: RouteState = { state: 'warming', failure: { message: 'nothing listens', log: [] } };
const HOST = 'api.shop.localhost';

let clock: ManualClock;
let front: Front;
let handler: Handler;
let log: string[];
let deadlines: number[];

beforeEach(() => {
  clock = createManualClock();
  [log, deadlines] = [[], []];
  const createServer = (
    asked: Handler,
  ): ReturnType<Parameters<typeof createFront>[0]['engine']['createServer']> => {
    handler = asked;
    return {
      accept: () => undefined,
      connections: 0,
      close: async (deadline) => {
        deadlines.push(deadline);
      },
    };
  };
  front = createFront({
    engine: { name: 'wire', createServer },
    clock,
    log: (line) => log.push(line),
    limits: { waiting: 2, wait: 1_000, waitNavigation: 100 },
  });
});

function publish(route: RouteState): void {
  front.publish([
    { slug: 'shop', key: 'k', label: 'shop', routes: [{ host: HOST, service: 'api', port: 'http', route }] },
  ]);
}

interface Asked {
  /** Undefined while the request waits. */
  readonly decision: Decision | undefined;
  leave(): void;
}

async function ask(host = HOST, headers = {}, more = {}): Promise<Asked> {
  const client = new AbortController();
  let decision: Decision | undefined;
  void Promise.resolve(handler(headOf(host, headers, more), client.signal)).then((made) => (decision = made));
  await clock.advance(0);
  return {
    get decision() {
      return decision;
    },
    leave: () => client.abort(),
  };
}

const codeOf = ({ decision }: Asked): string | undefined =>
  decision === undefined
    ? 'waits'
    : decision.action === 'forward'
      ? `forward ${decision.target.port}`
      : decision.reply.headers['x-portramp'];

const replyOf = ({ decision }: Asked): Reply => {
  if (decision?.action !== 'reply') throw new Error('no reply');
  return decision.reply;
};

const forwardOf = ({ decision }: Asked): Forward => {
  if (decision?.action !== 'forward') throw new Error('not forwarded');
  return decision;
};

describe('a request for a service that is on its way', () => {
  it('waits, and goes on as soon as the service is there', async () => {
    publish({ state: 'warming' });
    const asked = await ask();
    expect(codeOf(asked)).toBe('waits');
    publish({ state: 'warming' });
    await clock.advance(0);
    expect(codeOf(asked)).toBe('waits');
    publish(LIVE);
    await clock.advance(0);
    expect(codeOf(asked)).toBe('forward 4000');
    expect(clock.waiting).toBe(0);
  });

  it('waits no longer than there is patience, which is less where a person looks on', async () => {
    publish({ state: 'warming' });
    const [program, person] = [await ask(), await ask(HOST, NAVIGATION)];
    await clock.advance(100);
    expect([codeOf(program), codeOf(person)]).toEqual(['waits', 'service-starting']);
    expect(replyOf(person).headers['retry-after']).toBe('1');
    await clock.advance(900);
    expect(codeOf(program)).toBe('service-starting');
  });

  it('is not let in where too many wait, and makes room when its client leaves', async () => {
    publish({ state: 'warming' });
    const first = await ask();
    await ask();
    expect(codeOf(await ask())).toBe('too-many-waiting');
    first.leave();
    expect(codeOf(await ask())).toBe('waits');
  });

  it('wakes a service that starts on request', async () => {
    const woken: string[] = [];
    front.wakes.on(({ route }) => woken.push(route.service));
    publish({ state: 'warming' });
    await ask();
    expect(woken).toEqual([]);
    publish({ state: 'warming', wake: true });
    await clock.advance(0);
    await ask();
    expect(woken).toEqual(['api', 'api']);
  });

  it('waits for a port that was there until ten seconds after it went, and not for one that never was', async () => {
    const patient = createFront({
      engine: {
        name: 'wire',
        createServer: (asked) => {
          handler = asked;
          return { accept: () => undefined, connections: 0, close: async () => undefined };
        },
      },
      clock,
      log: () => undefined,
    });
    front = patient;
    publish(SILENT);
    expect(codeOf(await ask())).toBe('service-silent');
    publish(LIVE);
    publish(SILENT);
    await clock.advance(4_000);
    const asked = await ask();
    await clock.advance(5_999);
    expect(codeOf(asked)).toBe('waits');
    await clock.advance(1);
    expect(codeOf(asked)).toBe('service-silent');
    expect(codeOf(await ask())).toBe('service-silent');
    // Of a stack that went and came anew nothing is known.
    patient.publish([]);
    publish(SILENT);
    expect(codeOf(await ask())).toBe('service-silent');
  });
});

describe('a request for a host whose runner is about to come back', () => {
  it('waits for as long as that is expected', async () => {
    front.expect(new Set([HOST]), 500);
    const asked = await ask();
    expect(codeOf(await ask('other.localhost'))).toBe('unknown-host');
    await clock.advance(499);
    expect(codeOf(asked)).toBe('waits');
    await clock.advance(1);
    expect(codeOf(asked)).toBe('unknown-host');
  });

  it('waits for as long as was said last', async () => {
    front.expect(new Set([HOST]), 500);
    front.expect(new Set([HOST]), 900);
    const asked = await ask();
    await clock.advance(899);
    expect(codeOf(asked)).toBe('waits');
    await clock.advance(1);
    expect(codeOf(asked)).toBe('unknown-host');
  });
});

it('a front that closes tells those who wait and those who come, and gives exchanges the time that was said', async () => {
  publish({ state: 'warming' });
  front.expect(new Set(['x.localhost']), 500);
  const asked = await ask();
  await front.close(77);
  await clock.advance(0);
  expect([codeOf(asked), codeOf(await ask())]).toEqual(['closing', 'closing']);
  expect(deadlines).toEqual([77]);
  expect(clock.waiting).toBe(0);
});

it('a front listens on one port at a time', async () => {
  const first = await front.listen(0);
  expect(front.port).toBe(first);
  expect(await front.listen(first)).toBe(first);
  await front.close(0);
  expect(front.port).toBeUndefined();
});

describe('whoever watches', () => {
  let events: RequestEvent[];
  beforeEach(() => {
    events = [];
    front.requests.on((event) => events.push(event));
  });

  it('is told how long a request took, how much of that it was held, and who got it', async () => {
    publish({ state: 'warming' });
    const asked = await ask(HOST, {}, { path: '/a' });
    await clock.advance(30);
    publish(LIVE);
    await clock.advance(20);
    forwardOf(asked).onDone?.({ status: 200, bytes: 5, complete: true });
    expect(events).toMatchObject([
      {
        method: 'GET',
        host: HOST,
        path: '/a',
        status: 200,
        bytes: 5,
        complete: true,
        held: 30,
        duration: 50,
        stack: { key: 'k', slug: 'shop' },
        service: 'api',
        port: 'http',
        target: '127.0.0.1:4000',
      },
    ]);
    expect(events[0]?.time).toBe(clock.wallTime() - 50);
  });

  it('is told of an answer of the front’s own, and of a client that left', async () => {
    publish({ state: 'stopped' });
    const { body } = replyOf(await ask());
    await ask(HOST, {}, { method: 'HEAD' });
    await ask('x.localhost');
    publish({ state: 'warming' });
    (await ask()).leave();
    await clock.advance(0);
    expect(events).toMatchObject([
      { status: 503, bytes: Buffer.byteLength(body), complete: true, service: 'api' },
      { status: 503, bytes: 0, complete: true },
      { status: 404, complete: true },
      { status: undefined, bytes: 0, complete: false },
    ]);
    expect(events.map(({ target }) => target)).toEqual([undefined, undefined, undefined, undefined]);
    expect(events[2]).not.toHaveProperty('stack');
  });

  it('is told of the target that got the request in the end', async () => {
    publish(LIVE);
    const asked = forwardOf(await ask());
    publish({ state: 'live', targets: [{ ...TARGET, port: 4_001 }] });
    const refused = Object.assign(new Error('no'), { code: 'ECONNREFUSED' });
    const next = await asked.again?.(refused, 'unsent');
    expect(next).toMatchObject({ target: { port: 4_001 } });
    publish({ state: 'stopped' });
    await (next?.action === 'forward' ? next : undefined)?.again?.(refused, 'unsent');
    asked.onDone?.({ status: 503, bytes: 1, complete: true });
    expect(events).toHaveLength(1);
    expect(events[0]?.target).toBeUndefined();
  });
});

it('a request that cannot be decided about is answered, and told in the log', async () => {
  publish(LIVE);
  const asked = await ask(
    HOST,
    {},
    {
      fieldsLike: () => {
        throw new Error('an odd head');
      },
    },
  );
  expect(codeOf(asked)).toBe('internal');
  expect(log).toEqual(['front: an odd head']);
});

it('what was seen of a target is forgotten when it is published no more', async () => {
  publish(LIVE);
  const asked = forwardOf(await ask());
  asked.onDropped?.(TARGET, 'a: a control byte');
  expect(front.sightingOf(TARGET)).toEqual({ dropped: 'a: a control byte' });
  publish(LIVE);
  expect(front.sightingOf(TARGET)).toBeDefined();
  publish({ state: 'stopped' });
  expect(front.sightingOf(TARGET)).toBeUndefined();
});
