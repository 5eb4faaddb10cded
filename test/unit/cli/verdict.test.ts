/** What the commands say of one service, whatever its status is: they read one table, and cannot differ. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { answersOn, complaintOf } from '../../../src/cli/complaint.ts';
import { describeService, renderServices } from '../../../src/cli/render/stacks.ts';
import { explainService } from '../../../src/cli/why/explain.ts';
import { isWrong } from '../../../src/cli/why/verdict.ts';
import type { PublishedService, RunningStack } from '../../../src/protocol/messages.ts';
import { MEANINGS, meaningOf, statusOf, type Status } from '../../../src/protocol/status.ts';
import { tellStatus } from '../../../src/stack/status.ts';
import { STATES } from '../stack/examples.ts';

const lives = fc.constantFrom(...Object.values(STATES).flat());

/** A service as a runner publishes it, in any state that a replica can be in. */
const services = fc
  .record({
    life: lives,
    armed: fc.boolean(),
    external: fc.boolean(),
    listening: fc.option(fc.boolean(), { nil: undefined }),
    log: fc.array(fc.constantFrom('TypeError: no', 'up', ''), { maxLength: 3 }),
  })
  .map(({ life, armed, external, listening, log }): PublishedService => ({
    name: 'api',
    kind: external ? 'external' : 'process',
    state: external ? 'external' : life.state,
    ...tellStatus({ state: life, armed, external, waitingFor: ['db'], log }),
    restarts: 0,
    ports: [
      {
        name: 'http',
        appProtocol: 'http',
        port: 20_001,
        targetPort: 20_001,
        url: 'http://api.shop.localhost',
        hosts: [],
        ...(listening === undefined ? {} : { listening }),
      },
    ],
  }));

const stackOf = (service: PublishedService): RunningStack => ({
  root: '/shop',
  environment: 'dev',
  workspace: 'shop',
  workspaceId: 'id',
  main: true,
  slug: 'shop',
  ident: 'shop',
  index: 0,
  pid: 1,
  services: [service],
});

const explain = (service: PublishedService) =>
  explainService(
    { stacks: [stackOf(service)], details: new Map(), front: 80 },
    stackOf(service),
    'api',
    new Map(),
  );

describe('ls, wait, dev -d, open and why', () => {
  it('never disagree about one service', () => {
    fc.assert(
      fc.property(services, (service) => {
        const { isUp, isWrong: wrong, isSettled, isFinal } = meaningOf(service);
        const why = explain(service);
        expect(why.state).toBe(statusOf(service));
        expect(isWrong({ kind: 'service', ...why })).toBe(wrong);
        expect(renderServices([service])).toContain(statusOf(service));
        // Up is settled and not wrong; final is wrong and settled.
        if (isUp) expect([wrong, isSettled, complaintOf(service)]).toEqual([false, true, {}]);
        if (isFinal) expect([wrong, isSettled]).toEqual([true, true]);
        if (wrong) expect(why.reason).toBe(complaintOf(service).reason);
        if (wrong) expect(why.reason).toBeDefined();
      }),
      { numRuns: 1_000 },
    );
  });

  it('print a URL only where a request is answered, or starts what answers', () => {
    fc.assert(
      fc.property(services, (service) => {
        const [port] = service.ports;
        const prints = describeService(service).includes('http://');
        if (prints && port !== undefined) expect(answersOn(service, port)).toBe(true);
        if (prints && statusOf(service) !== 'sleeping') expect(port?.listening).not.toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it('read what an older runner publishes, and a word of a newer one, by the state', () => {
    const old = { state: 'backoff' } as const;
    expect(statusOf(old)).toBe('restarting');
    expect(statusOf({ ...old, status: 'levitating' })).toBe('restarting');
    expect(
      Object.keys(MEANINGS).every((word) => statusOf({ ...old, status: word }) === (word as Status)),
    ).toBe(true);
  });
});
