/** What a finding of the daemon does to the instance that it is about. */
import { expect, it } from 'vitest';

import type { Belonging } from '../../../src/lib/holder.ts';
import type { Finding } from '../../../src/protocol/messages.ts';
import { reactTo } from '../../../src/stack/react.ts';
import type { ServiceEvent } from '../../../src/stack/service.ts';
import type { Unit } from '../../../src/stack/unit.ts';
import { resolutionOf } from '../plan/stack.ts';

const ghost: Finding = {
  kind: 'ghost',
  marker: 'run.api.1',
  port: 'http',
  number: 20_200,
  holder: { pid: 7, address: '127.0.0.1', command: 'node left.js' },
  later: false,
};

/** Reacts as a stack with the one service `api`; returns what its instance is told. */
async function react(
  finding: Finding,
  belongingOf: (pid: number) => Promise<Belonging | undefined>,
  isFollowed = false,
): Promise<{ readonly told: ServiceEvent[]; readonly asked: number[]; readonly forgotten: unknown[] }> {
  const told: ServiceEvent[] = [];
  const asked: number[] = [];
  const forgotten: unknown[] = [];
  const resolved = resolutionOf('services:\n  api: { command: run }\n').services.get('api');
  const unit = {
    resolved,
    instances: [{ slot: 0, launched: resolved, process: { marker: 'run.api.1' } }],
    tell: (_slot: number, event: ServiceEvent) => told.push(event),
  } as unknown as Unit;
  await reactTo(finding, {
    units: () => [unit],
    tell: () => undefined,
    belongingOf: (pid) => {
      asked.push(pid);
      return belongingOf(pid);
    },
    forget: async (_unit, slot, port) => {
      forgotten.push([slot, port]);
      return isFollowed;
    },
  });
  return { told, asked, forgotten };
}

const hintOf = ([event]: readonly ServiceEvent[]): string | undefined =>
  event?.type === 'ghost' ? event.cause.hint : undefined;

it('a ghost that a crash has left is ended by what ends leftovers', async () => {
  const { told, asked } = await react(ghost, async () => 'left');
  expect(asked).toEqual([7]);
  expect(hintOf(told)).toBe('end it: portramp clean, then start api again');
});

it('a ghost of which nothing is written down, or nothing can be read, is a stranger', async () => {
  for (const answer of [async () => undefined, () => Promise.reject(new Error('EACCES'))]) {
    const { told } = await react(ghost, answer);
    expect(hintOf(told)).toBe('end it: kill 7, then start api again');
  }
});

it('a ghost that the daemon knows, and an instance that is gone, are not asked about', async () => {
  expect(await react({ ...ghost, label: 'web of other' }, async () => 'left')).toMatchObject({ asked: [] });
  const { told } = await react({ ...ghost, marker: 'run.api.0' }, async () => 'left');
  expect(told).toEqual([]);
});

it('one that listens where the service listened once, and nobody promised it that, does not end the service', async () => {
  expect(await react(ghost, async () => undefined, true)).toMatchObject({
    told: [],
    forgotten: [[0, 'http']],
  });
  const { told } = await react(ghost, async () => undefined);
  expect(told).toMatchObject([{ type: 'ghost' }]);
});
