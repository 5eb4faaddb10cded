/** A reason that several services have is told once: in tables, by why, and as it happens. */
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';

import { createCauses } from '../../../src/cli/render/causes.ts';
import { findCommon, withoutCommon } from '../../../src/cli/render/common.ts';
import { renderServices } from '../../../src/cli/render/stacks.ts';
import { renderExplanation } from '../../../src/cli/render/why.ts';
import type { NeedExplanation } from '../../../src/cli/why/explanation.ts';
import type { PublishedService } from '../../../src/protocol/messages.ts';

const AWAY = 'the engine is away';
const serviceOf = (name: string, more: Partial<PublishedService> = {}): PublishedService => ({
  name,
  kind: 'compose',
  state: 'failed',
  restarts: 0,
  ports: [],
  ...more,
});
const failing = (name: string, reason: string, log: string[] = []): PublishedService =>
  serviceOf(name, { reason, hint: 'start it', failure: { message: reason, log } });
const linesOf = (...services: PublishedService[]): string[] =>
  stripVTControlCharacters(renderServices(services))
    .split('\n')
    .map((line) => line.trim());

describe('a table', () => {
  it('says above it what several have, and of who needs them only that', () => {
    expect(
      linesOf(
        failing('db', AWAY),
        failing('cache', AWAY),
        failing('api', `needs db, which failed: ${AWAY}`),
        serviceOf('web', { state: 'ready' }),
      ),
    ).toEqual([
      `db, cache: ${AWAY} — start it`,
      'db     failed',
      'cache  failed',
      'api    failed    needs db, which failed',
      'web    ready',
    ]);
  });

  it('says of each what it alone has, and what its last words may explain', () => {
    expect(linesOf(failing('db', AWAY), failing('cache', 'full'))).toEqual([
      `db     failed    ${AWAY} — start it`,
      'cache  failed    full — start it',
    ]);
    const [first] = linesOf(
      failing('db', 'exited with code 1', ['no disk']),
      failing('cache', 'exited with code 1', ['x']),
    );
    expect(first).toBe('db     failed    exited with code 1 — start it');
    expect(
      linesOf(
        serviceOf('a', { state: 'waiting', waitingFor: ['b'] }),
        serviceOf('c', { state: 'waiting', waitingFor: ['b'] }),
      ),
    ).toHaveLength(2);
  });
});

it('the end of a start says why one failed with that one alone, also where another failed for it', () => {
  const db = failing('db', AWAY);
  const api = failing('api', `needs db, which failed: ${AWAY}`);
  const mail = failing('mail', 'full');
  expect(findCommon([db, api, mail])).toEqual([]);
  const common = findCommon([db, api, mail], { areCausesToo: true });
  expect(common).toEqual([{ reason: AWAY, hint: 'start it', services: [db] }]);
  expect(withoutCommon(api, common).reason).toBe('needs db, which failed');
  expect(withoutCommon(mail, common)).toBe(mail);
});

it('why says with the first need what further ones have too', () => {
  const need = (service: string, ...needs: NeedExplanation[]): NeedExplanation => ({
    service,
    condition: 'ready',
    state: 'unwell',
    reason: AWAY,
    needs,
  });
  const text = renderExplanation({
    kind: 'service',
    stack: 's',
    root: '/s',
    service: 'web',
    state: 'ready',
    needs: [need('api', need('db')), need('cache'), need('api')],
    ports: [],
    refusedHosts: [],
  });
  expect(stripVTControlCharacters(text).split('\n').slice(1)).toEqual([
    `  needs api (ready), which is unwell: ${AWAY}`,
    '    needs db (ready), which is unwell, for the same reason as api',
    '  needs cache (ready), which is unwell, for the same reason as api',
    `  needs api (ready), which is unwell: ${AWAY}`,
  ]);
});

it('what happens is told with its cause once, until that is over', () => {
  const causes = createCauses();
  const well = (name: string): PublishedService => serviceOf(name, { state: 'ready' });
  expect(causes.tell(failing('db', AWAY))).toBeUndefined();
  expect(causes.tell(failing('db', AWAY))).toBeUndefined();
  expect(causes.tell(failing('cache', AWAY))).toBe('for the same reason as db');
  expect(causes.tell(well('db'))).toBeUndefined();
  expect(causes.tell(failing('cache', AWAY))).toBeUndefined();
  causes.note('gone');
  expect(causes.tell(failing('mail', 'does not answer: gone'))).toBe('');
});
