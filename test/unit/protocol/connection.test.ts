/** How long a client waits for an answer, and what it says of a daemon that gives none; what a peer makes of an error. */
import { describe, expect, it } from 'vitest';

import { PortrampError } from '../../../src/lib/errors.ts';
import { createBudget } from '../../../src/protocol/budget.ts';
import { ask, unansweredError } from '../../../src/protocol/connection.ts';
import { decodeError, encodeError, type Peer, type RequestOptions } from '../../../src/protocol/peer.ts';
import { commonProtocol } from '../../../src/protocol/version.ts';

it.each([
  ['hello', 5_000],
  ['status', 5_000],
  ['yield', 5_000],
  ['list', undefined],
] as const)('the answer to %s may take %s ms', async (name, timeout) => {
  const seen: (RequestOptions | undefined)[] = [];
  const peer = {
    request: async (_name: string, _params: unknown, options?: RequestOptions) => void seen.push(options),
  } as unknown as Peer;
  await ask(peer, name, {});
  await ask(peer, name, {}, { timeout: 7 });
  expect(seen.map((options) => options?.timeout)).toEqual([timeout, 7]);
});

it('a daemon that does not answer is named with what its process does', () => {
  expect(unansweredError(undefined)).toMatchObject({ code: 'DAEMON_UNREACHABLE', hint: 'try again' });
  const { message, code } = unansweredError(process.pid);
  expect([code, message]).toEqual([
    'DAEMON_UNREACHABLE',
    expect.stringMatching(new RegExp(`^the daemon \\(pid ${process.pid}\\) does not answer: it `)),
  ]);
});

describe('an error', () => {
  it('comes over as it was, with its hint', () => {
    const error = new PortrampError('NO_FREE_PORT', 'none is free', { hint: 'widen the range' });
    expect(encodeError(error)).toEqual({
      code: 'NO_FREE_PORT',
      message: 'none is free',
      hint: 'widen the range',
    });
    expect(decodeError(encodeError(error))).toMatchObject({
      code: 'NO_FREE_PORT',
      message: 'none is free',
      hint: 'widen the range',
    });
    expect(Object.keys(encodeError(new PortrampError('TIMEOUT', 'late')))).toEqual(['code', 'message']);
    expect(encodeError('x')).toMatchObject({ code: 'INTERNAL', message: 'x' });
    expect(encodeError(Object.assign(new Error('ENOSPC: no space'), { code: 'ENOSPC' }))).toMatchObject({
      code: 'SYSTEM',
    });
  });

  it.each([
    [undefined, 'INTERNAL', 'an error without a message'],
    [null, 'INTERNAL', 'an error without a message'],
    ['x', 'INTERNAL', 'an error without a message'],
    [{ code: 'TIMEOUT' }, 'TIMEOUT', 'an error without a message'],
    [{ code: 'OF_TOMORROW', message: 'm', hint: 3 }, 'INTERNAL', 'm'],
    [{ code: 'toString', message: 'm' }, 'INTERNAL', 'm'],
    [{ code: 3, message: 4 }, 'INTERNAL', 'an error without a message'],
  ])('of %j is taken as well as it can be', (value, code, message) => {
    expect(decodeError(value)).toMatchObject({ code, message, hint: undefined });
  });
});

it.each([
  [{ min: 1, max: 2 }, { min: 2, max: 3 }, 2],
  [{ min: 1, max: 5 }, { min: 2, max: 3 }, 3],
  [{ min: 1, max: 1 }, { min: 2, max: 2 }, undefined],
  [{ min: 3, max: 4 }, { min: 1, max: 2 }, undefined],
])('%j and %j speak %s', (left, right, common) => {
  expect(commonProtocol(left, right)).toBe(common);
});

it('what all connections together may hold is bounded by letting those go that hold the most', () => {
  const gone: string[] = [];
  const budget = createBudget(100);
  const [a, b, c] = ['a', 'b', 'c'].map((name) => budget.open(() => gone.push(name)));
  a?.set(60);
  b?.set(40);
  expect([budget.held, gone]).toEqual([100, []]);
  c?.set(1);
  expect([budget.held, gone]).toEqual([41, ['a']]);
  b?.set(0);
  c?.set(100);
  expect([budget.held, gone]).toEqual([100, ['a']]);
  b?.set(30);
  expect([budget.held, gone]).toEqual([30, ['a', 'c']]);
});
