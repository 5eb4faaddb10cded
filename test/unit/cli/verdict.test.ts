/** What the commands say of one service, whatever its status is: they read one table, and cannot differ. */
import { stripVTControlCharacters } from 'node:util';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { answersOn, complaintOf, silenceOf } from '../../../src/cli/complaint.ts';
import { describeService, renderServices } from '../../../src/cli/render/stacks.ts';
import { explainService } from '../../../src/cli/why/explain.ts';
import { endOfWait, isStartOver, wrongOf } from '../../../src/cli/waiting/ends.ts';
import { isWrong } from '../../../src/cli/why/verdict.ts';
import type { PublishedService, RunningStack } from '../../../src/protocol/messages.ts';
import { MEANINGS, meaningOf, statusOf, type Status } from '../../../src/protocol/status.ts';
import { decide } from '../../../src/front/decide.ts';
import { compileResting } from '../../../src/front/resting.ts';
import { createRestarts } from '../../../src/front/restarts.ts';
import { compileTable } from '../../../src/front/table.ts';
import type { StackSnapshot } from '../../../src/protocol/messages.ts';
import { takeSnapshot, type ServiceView } from '../../../src/stack/snapshot.ts';
import { headOf } from '../front/head.ts';
import { resolutionOf } from '../plan/stack.ts';
import type { ServiceState } from '../../../src/stack/service.ts';
import { tellStatus } from '../../../src/stack/status.ts';
import { STATES } from '../stack/examples.ts';

/** It listens elsewhere than it should. */
const misplaced: ServiceState = {
  state: 'warming',
  attempt: 1,
  pid: 42,
  found: {
    kind: 'misplaced',
    message: 'it listens on port 3000',
    hint: 'write "follow: true"',
    passable: false,
  },
};
const lives = fc.constantFrom(...Object.values(STATES).flat(), misplaced);

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

const resolved = resolutionOf('services:\n  api: { command: run }\n').services.get('api')!;

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

/** A service in any state, with a route, as its runner publishes it. */
const views = fc
  .record({
    life: lives,
    armed: fc.boolean(),
    listening: fc.option(fc.boolean(), { nil: undefined }),
    log: fc.array(fc.constantFrom('TypeError: no', 'up', ''), { maxLength: 3 }),
  })
  .map(({ life, armed, listening, log }): ServiceView => {
    const isServing = life.state === 'ready' || life.state === 'unwell';
    return {
      resolved,
      state: life,
      restarts: 0,
      waitingFor: life.state === 'waiting' ? ['db'] : [],
      log,
      armed,
      targets: isServing ? [{ slot: 0, service: resolved }] : [],
      instances: [
        {
          slot: 0,
          role: 'serving',
          revision: 1,
          life,
          launched: resolved,
          process: undefined,
          listening: new Map(listening === undefined || !('pid' in life) ? [] : [['http', listening]]),
        },
      ],
      revision: { asked: 1, serving: 1 },
    };
  });

/** A service that is ready by its own word, and of whose port nobody, or somebody, knows whether it listens. */
function wordView(ready: string, listening: boolean | undefined): ServiceView {
  const { services } = resolutionOf(`services:\n  api: { command: run, ready: ${ready} }\n`);
  const resolved = services.get('api')!;
  const life: ServiceState = { state: 'ready', attempt: 1, since: 0, pid: 42 };
  const seen = new Map(listening === undefined ? [] : [['http', listening] as const]);
  const instance = { slot: 0, role: 'serving', revision: 1, life, launched: resolved } as const;
  return {
    resolved,
    state: life,
    restarts: 0,
    waitingFor: [],
    log: [],
    armed: false,
    targets: [{ slot: 0, service: resolved }],
    instances: [{ ...instance, process: undefined, listening: seen }],
    revision: { asked: 1, serving: 1 },
  };
}

/** What the front makes of a request for the service. */
const ask = ({ routes }: StackSnapshot) =>
  decide(
    headOf(routes[0]?.host ?? ''),
    {
      table: compileTable([{ slug: 'shop', key: 'shop', label: 'shop', routes }]),
      expected: new Set(),
      resting: compileResting([]),
      restarts: createRestarts(),
      port: 7267,
    },
    (targets) => targets[0],
  );

/** What is said about a service that does not answer: on the page, and for programs. */
const saidBy = (decision: ReturnType<typeof ask>): string =>
  decision.action === 'reply' ? decision.reply.body : '';

describe('the page of a service', () => {
  it('never disagrees with ls, wait, dev -d and why about it', () => {
    fc.assert(
      fc.property(views, (view) => {
        const snapshot = takeSnapshot([view]);
        const [service] = snapshot.services;
        if (service === undefined) throw new Error('nothing was published');
        const { isUp, isWrong: wrong, isFinal } = meaningOf(service);
        const status = statusOf(service);
        const decision = ask(snapshot);
        const said = saidBy(decision);
        const { reason, hint } = complaintOf(service);
        // What is called up, and prints a URL, gets the request; what is not, never one that is wrong for good.
        if (isUp && status !== 'done') expect([decision.action, status]).not.toEqual(['reply', status]);
        if (status === 'ready' && service.ports[0]?.listening !== false)
          expect(decision.action).toBe('forward');
        if (decision.action === 'forward') expect(answersOrUnwell(service)).toBe(true);
        // What is wrong, or runs in vain, is said with the reason and the cure that ls and why have.
        if (isFinal || status === 'running' || (wrong && decision.action === 'reply')) {
          expect(decision.action).toBe('reply');
          expect(said).toContain(
            JSON.stringify(view.state).includes('needs db') ? 'needs db' : firstOf(reason),
          );
          if (hint !== undefined) expect(said).toContain(JSON.stringify(hint).slice(1, -1));
        }
        if (status === 'starting' || status === 'restarting') expect(decision.action).toBe('wait');
        if (status === 'sleeping') expect(decision).toMatchObject({ action: 'wait', wake: {} });
        if (status === 'stopped' || status === 'done') expect(said).toContain('does not run');
      }),
      { numRuns: 1_000 },
    );
  });
});

/** What each of the five says of one service: by what they print and how they end, not by the table. */
function voicesOf(view: ServiceView) {
  const snapshot = takeSnapshot([view]);
  const [service] = snapshot.services;
  if (service === undefined) throw new Error('nothing was published');
  const why = explain(service);
  const page = ask(snapshot);
  return {
    ls: stripVTControlCharacters(renderServices([service])),
    wait: endOfWait([service]),
    dev: { isOver: isStartOver([service]), code: Math.min(1, wrongOf([service]).length) },
    why: { state: why.state, code: Number(isWrong({ kind: 'service', ...why })), reason: why.reason },
    page: { action: page.action, said: saidBy(page) },
  };
}

describe('all five', () => {
  it('say the same of one service, each against each of the others', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(views, (view) => {
        const { ls, wait, dev, why, page } = voicesOf(view);
        seen.add(why.state);
        const hasUrl = ls.includes('http://');
        expect(ls).toMatch(new RegExp(`^ *api +${why.state}\\b`));
        expect(why.code).toBe(dev.code);
        // Lost: all end, with 1, without a URL, and nobody is led there.
        if (wait === 'lost')
          expect([dev, hasUrl, page.action]).toEqual([{ isOver: true, code: 1 }, false, 'reply']);
        // Up: all end, with 0; who is led there is led to what listens, and one that is not is told why.
        if (wait === 'up') expect(dev).toEqual({ isOver: true, code: 0 });
        if (wait === 'up' && why.state !== 'done') expect(hasUrl).toBe(page.action === 'forward');
        // On its way: nobody ends, and a request waits as long as they do. Its port may listen before its probe is content.
        if (!dev.isOver) expect([wait, why.code]).toEqual(['open', 0]);
        if (!dev.isOver && why.state !== 'stopping') expect(page.action).toBe('wait');
        if (!dev.isOver && hasUrl) expect(view.instances[0]?.listening.get('http')).toBe(true);
        // A URL is printed where a request is passed on, or starts what answers.
        if (hasUrl) expect(['forward', 'wait']).toContain(page.action);
        if (page.action === 'forward') expect(['ready', 'unwell']).toContain(why.state);
        if (page.action === 'reply' && why.code === 1)
          expect(ls).toContain(firstOf(why.reason).split('\n')[0]);
      }),
      { numRuns: 2_000 },
    );
    // It has come by every status but those of things that are no processes.
    expect([...seen].toSorted()).toEqual(
      Object.keys(MEANINGS)
        .filter((status) => status !== 'external')
        .toSorted(),
    );
  });
});

describe.each(['{ log: up }', '{ exec: run }', '{ file: up }'])('a service that is ready by %s', (ready) => {
  const published = (listening: boolean | undefined) => takeSnapshot([wordView(ready, listening)]);

  it('has no URL before anybody has seen its port listen, and one then', () => {
    const urlsOf = (listening: boolean | undefined): string =>
      describeService(published(listening).services[0]!);
    expect([undefined, false].map(urlsOf)).toEqual(['', '']);
    expect(urlsOf(true)).toContain('http://');
  });

  it('is ready for all who ask while its port is silent; the front says that, and so do open and why', () => {
    const snapshot = published(false);
    const [service] = snapshot.services;
    if (service === undefined) throw new Error('nothing was published');
    const [port] = service.ports;
    expect([statusOf(service), endOfWait([service]), wrongOf([service])]).toEqual(['ready', 'up', []]);
    const said = `its probe has succeeded, but nothing listens on port ${port?.targetPort} (http)`;
    expect(explain(service)).toMatchObject({ state: 'ready', reason: said });
    expect(explain(service).hint).toContain('ports: false');
    expect(silenceOf(service).reason).toBe(said);
    const decision = ask(snapshot);
    expect(saidBy(decision)).toContain('SERVICE_SILENT');
    expect(saidBy(decision)).toContain(said);
    expect(silenceOf(published(true).services[0]!)).toEqual({});
    expect(ask(published(true)).action).toBe('forward');
  });
});

/** The last words of a program follow the reason in `ls`, and stand below it on the page. */
const firstOf = (reason = ''): string => reason.split('; it printed last')[0] ?? '';

const answersOrUnwell = (service: PublishedService): boolean =>
  ['ready', 'unwell'].includes(statusOf(service)) && service.ports[0]?.listening !== false;

describe('ls, wait, dev -d, open and why', () => {
  it('end alike for one service: by what each does, not by the table', () => {
    fc.assert(
      fc.property(services, (service) => {
        const [wait, isOver, codeOfDev] = [
          endOfWait([service]),
          isStartOver([service]),
          wrongOf([service]).length,
        ];
        const codeOfWhy = Number(isWrong({ kind: 'service', ...explain(service) }));
        const listed = stripVTControlCharacters(describeService(service));
        // Where one fails, so do the others, and ls says why.
        expect(codeOfWhy).toBe(codeOfDev);
        if (wait === 'lost') expect([isOver, codeOfDev]).toEqual([true, 1]);
        if (wait === 'up') expect([isOver, codeOfDev]).toEqual([true, 0]);
        if (codeOfDev === 1) expect([isOver, listed === '']).toEqual([true, false]);
        // What has failed, or listens where nobody asks, ends a wait; what is on its way never does.
        if (service.state === 'failed' || statusOf(service) === 'misplaced') expect(wait).toBe('lost');
        if (['waiting', 'starting', 'backoff', 'stopping'].includes(service.state))
          expect([wait, isOver]).toEqual(['open', false]);
        if (service.state === 'warming' && wait !== 'lost') expect(wait).toBe('open');
        if (['ready', 'done', 'external'].includes(service.state)) expect(wait).toBe('up');
        if (service.state === 'unwell') expect([wait, codeOfDev]).toEqual(['open', 1]);
        if (service.state === 'idle') expect([wait, isOver, codeOfDev]).toEqual(['open', true, 0]);
        // Whom wait calls up answers, as far as anybody knows, where open and ls lead.
        const [port] = service.ports;
        if (wait === 'up' && service.state !== 'done' && port?.listening !== false)
          expect(listed).toContain('http://');
        if (wait === 'lost') expect(listed).not.toContain('http://');
        if (wait === 'open' && port?.listening !== true && statusOf(service) !== 'sleeping')
          expect(listed).not.toContain('http://');
      }),
      { numRuns: 1_000 },
    );
  });

  it('wait for all that they are asked about, and end with the first that is lost', () => {
    fc.assert(
      fc.property(fc.array(services, { minLength: 1, maxLength: 4 }), (several) => {
        const ends = several.map((service) => endOfWait([service]));
        const all = ends.includes('lost') ? 'lost' : ends.includes('open') ? 'open' : 'up';
        expect(endOfWait(several)).toBe(all);
        expect(isStartOver(several)).toBe(
          ends.includes('lost') || several.every((service) => isStartOver([service])),
        );
      }),
    );
    expect(isStartOver([])).toBe(false);
  });

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

  it('know who waits for a request, and what serves in place of something newer', () => {
    const service: PublishedService = { name: 'api', kind: 'process', state: 'idle', restarts: 0, ports: [] };
    expect(explain({ ...service, status: 'sleeping' })).toMatchObject({ hint: 'portramp open api' });
    expect(explain({ ...service, status: 'stopped' })).toMatchObject({ hint: 'portramp start api' });
    const revision = { asked: 2, serving: 1, refused: 'exited with code 1' };
    expect(explain({ ...service, state: 'ready', revision }).reason).toContain('exited with code 1');
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
