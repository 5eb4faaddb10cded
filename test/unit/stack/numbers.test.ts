/** Numbers that change while a stack runs: what is followed, and what is remembered. */
import { beforeEach, describe, expect, it } from 'vitest';

import type { Lease } from '../../../src/protocol/messages.ts';
import type { RunnerEvent } from '../../../src/stack/events.ts';
import { createNumbers, describeRemembered, type Numbers } from '../../../src/stack/numbers.ts';
import { renumber, type PreparedStack } from '../../../src/stack/prepare.ts';
import type { Followed } from '../../../src/stack/readiness/following.ts';
import type { Session } from '../../../src/stack/session.ts';
import { contractOf, identity, planOf } from '../plan/stack.ts';
import { createManualClock, type ManualClock } from '../manual-clock.ts';

const API: Lease = { service: 'api', port: 'http', number: 20_001 };

let clock: ManualClock;
let prepared: PreparedStack;
let events: RunnerEvent[];
let asked: number[];
/** What the daemon says. */
let answer: (number: number) => unknown;
let numbers: Numbers;

function begin(port = ''): void {
  const body = `services:\n  api: { command: run${port} }\n`;
  const { plan } = planOf(body);
  if (plan === undefined) throw new Error('the plan has errors');
  const unresolved = {
    contract: contractOf(body),
    plan,
    stack: identity(),
    inputs: {
      contract: contractOf(body),
      front: {},
      ambient: {},
      envFiles: new Map(),
      unresolvedVariables: 'error',
    },
  } as unknown as PreparedStack;
  prepared = renumber(unresolved, [API]);
}

beforeEach(() => {
  clock = createManualClock();
  events = [];
  asked = [];
  answer = (number) => ({ lease: number === API.number ? API : { ...API, borrowed: number } });
  begin();
  const request = async (_name: string, { number }: { number: number }): Promise<unknown> => {
    asked.push(number);
    return answer(number);
  };
  numbers = createNumbers({
    clock,
    session: { request } as unknown as Session,
    prepared: () => prepared,
    adopt: (next) => {
      prepared = next;
    },
    onEvent: (event) => events.push(event),
    tell: (service, text) => events.push({ type: 'notice', text, service }),
  });
});

const askFollow = (number: number): Promise<Followed> =>
  numbers.follow({ service: 'api', port: { name: 'http', ramp: false }, slot: 0 }, number);
const follow = async (number: number): Promise<boolean> => (await askFollow(number)).followed;
const targets = (): (number | undefined)[][] =>
  [...prepared.services.values()].flatMap(({ ports }) =>
    ports.map(({ targetPort, leased }) => [targetPort, leased]),
  );

describe('a service that listens elsewhere', () => {
  it('is followed, with the line to write, and back to its own number without one', async () => {
    expect(await follow(3000)).toBe(true);
    expect(targets()).toEqual([[3000, 20_001]]);
    expect(describeRemembered(prepared)).toEqual([
      'api.http listened on 3000 in place of 20001 the last time; consumers are told so',
    ]);
    expect(await follow(20_001)).toBe(true);
    expect(targets()).toEqual([[20_001, undefined]]);
    expect(describeRemembered(prepared)).toEqual([]);
    expect(events).toEqual([
      {
        type: 'followed',
        service: 'api',
        port: 'http',
        from: 20_001,
        to: 3000,
        line: 'add "ports: { http: { follow: true } }" to services.api',
      },
      { type: 'followed', service: 'api', port: 'http', from: 20_001, to: 20_001 },
    ]);
  });

  it('is not where the daemon says that somebody else has the number', async () => {
    answer = () => ({ lease: API, holder: 'web of other' });
    const why = '3000 belongs to web of other: it is not followed there';
    expect(await askFollow(3000)).toEqual({ followed: false, why });
    expect([targets(), events]).toEqual([[[20_001, undefined]], []]);
  });

  it('is also where the daemon is older than the question', async () => {
    answer = () => {
      throw new Error('there is no request "borrow"');
    };
    expect(await follow(3000)).toBe(true);
    expect(targets()).toEqual([[3000, 20_001]]);
  });

  it('is followed no more when its number changes three times within a minute, but for its own', async () => {
    expect([await follow(3000), await follow(3001), await follow(3002)]).toEqual([true, true, false]);
    expect(events.at(-1)).toMatchObject({
      type: 'notice',
      text: expect.stringContaining('3 times within a minute') as string,
    });
    expect(await follow(20_001)).toBe(true);
    expect(await askFollow(3002)).toMatchObject({ followed: false, again: 60_000 });
    // What is offered helps at once.
    begin(', ports: { http: { follow: true } }');
    expect(await follow(3002)).toBe(true);
    begin();
    expect(await follow(3003)).toBe(false);
    await clock.advance(60_000);
    expect(await follow(3003)).toBe(true);
  });

  it('is looked for where it was told to listen, when another has the number that it opened', async () => {
    await follow(3000);
    expect(await numbers.forget('api', 'http', 0, 3000)).toBe(true);
    expect(targets()).toEqual([[20_001, undefined]]);
    // What was found of the number before that was known is over; what is found of its own is not.
    expect(await numbers.forget('api', 'http', 0, 3000)).toBe(true);
    expect(await numbers.forget('api', 'http', 0, 20_001)).toBe(false);
    expect(asked).toEqual([3000, 20_001]);
    expect(events.at(-1)).toMatchObject({ type: 'notice', service: 'api' });
  });

  it("is looked for as before, and nothing is said, where its own number is another service's by now", async () => {
    await follow(3000);
    answer = () => ({ lease: { ...API, borrowed: 3000 }, holder: 'web of other' });
    const before = [...events];
    expect(await numbers.forget('api', 'http', 0)).toBe(false);
    expect([targets(), events]).toEqual([[[3000, 20_001]], before]);
  });

  it('gives the number back when the contract does not let it be followed any more', async () => {
    await follow(3000);
    await numbers.settle();
    expect(asked).toEqual([3000]);
    const { leases } = prepared;
    begin(', ports: { http: { follow: false } }');
    prepared = renumber(prepared, leases);
    expect(targets()).toEqual([[20_001, undefined]]);
    await numbers.settle();
    expect(asked).toEqual([3000, 20_001]);
    expect(prepared.leases).toEqual([API]);
  });
});
