import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { PortrampError } from '../../../src/lib/errors.ts';
import type { StackIdentity } from '../../../src/plan/plan.ts';
import type { DaemonClient } from '../../../src/protocol/client.ts';
import { openSession, type Session } from '../../../src/stack/session.ts';
import { createManualClock, type ManualClock } from '../manual-clock.ts';

const STACK: StackIdentity = {
  root: '/shop',
  environment: 'dev',
  workspace: 'shop',
  workspaceId: 'id',
  main: true,
  slug: 'shop',
  ident: 'shop',
  index: 0,
};

/** A daemon of which a test says when it goes, and what it answers. */
interface FakeDaemon {
  readonly client: DaemonClient;
  readonly asked: (readonly [string, unknown])[];
  readonly closed: boolean;
  notify(name: string, params: unknown): void;
  die(): void;
}

/** @param answers beside the usual ones; may be changed later */
function createDaemon(answers: Record<string, unknown> = {}): FakeDaemon {
  const asked: (readonly [string, unknown])[] = [];
  let onClose = (): void => undefined;
  let onNotice: Parameters<DaemonClient['onNotice']>[0] = () => undefined;
  let closed = false;
  const usual: Record<string, unknown> = {
    claim: { stack: STACK, front: { http: 7267 }, notices: [] },
    attach: {},
    publish: { front: { http: 7267 }, refusedHosts: {} },
  };
  const client: DaemonClient = {
    protocol: 1,
    version: '1.0.0',
    pid: 1,
    // The session asks only for what is above.
    request: async (name, params) => {
      asked.push([name, params]);
      const answer = answers[name] ?? usual[name];
      if (answer instanceof Error) throw answer;
      return answer as never;
    },
    onNotice: (listener) => {
      onNotice = listener;
      return () => undefined;
    },
    onClose: (listener) => {
      onClose = listener;
      return () => undefined;
    },
    onCommand: () => undefined,
    close: () => {
      closed = true;
    },
  };
  return {
    client,
    asked,
    get closed() {
      return closed;
    },
    notify: (name, params) => onNotice(name as never, params as never),
    die: () => onClose(),
  };
}

let clock: ManualClock;
let notices: string[];
/** What the next dials give, in this order; the last one again and again. */
let dials: (FakeDaemon | Error | undefined)[];
let spawns: boolean[];
let registered: unknown[];
let lost: number;
let session: Session;
let first: FakeDaemon;

beforeEach(async () => {
  clock = createManualClock();
  first = createDaemon();
  [notices, dials, spawns, registered, lost] = [[], [first], [], [], 0];
  session = await openSession({
    clock,
    pid: 1,
    connect: async ({ spawn }) => {
      spawns.push(spawn);
      const next = dials.length > 1 ? dials.shift() : dials[0];
      if (next instanceof Error) throw next;
      return next?.client;
    },
    onCommand: async () => ({}),
    onNotice: (text) => notices.push(text),
    onFindings: () => undefined,
    onSightings: () => undefined,
    onLost: () => void (lost += 1),
    onPublished: () => undefined,
    onRegistered: (claim) => registered.push(claim),
  });
  await session.attach(STACK, []);
  await session.publish(() => ({ services: [], routes: [] }));
});

afterEach(() => session.close());

it('is over when it is closed, and does not mind what becomes of the connection', async () => {
  session.close();
  first.die();
  await clock.advance(60_000);
  expect([notices, lost, spawns]).toEqual([[], 0, [true]]);
});

describe('a session whose daemon dies', () => {
  const CLAIM = { ...STACK, branch: undefined };
  const gone = new PortrampError('DAEMON_UNREACHABLE', 'the connection to the daemon was lost');

  /** A session on a daemon that dies as soon as it is asked anything. */
  async function createDying(): Promise<FakeDaemon> {
    const answers: Record<string, unknown> = {};
    const dying = createDaemon(answers);
    dials = [dying];
    first.die();
    await clock.advance(1_000);
    Object.assign(answers, { claim: gone, attach: gone, reassign: gone });
    return dying;
  }

  it('asks the next one what a stack asks that begins, and nothing that would be done twice', async () => {
    const dying = await createDying();
    const reassign = session.request('reassign', {} as never).catch((error: unknown) => error);
    const claim = session.request('claim', CLAIM);
    const attach = session.attach(STACK, []);
    const second = createDaemon();
    dials = [second];
    dying.die();
    expect(await reassign).toBe(gone);
    await clock.advance(1_000);
    await expect(claim).resolves.toMatchObject({ stack: STACK });
    await attach;
    expect(second.asked.map(([name]) => name)).not.toContain('reassign');
    expect(clock.waiting).toBe(0);
  });

  it.each([
    ['no daemon comes for long', () => clock.advance(20_000)],
    ['nobody wants to know any more', async () => session.close()],
  ])('gives up what it asks when %s', async (_, pass) => {
    const dying = await createDying();
    const claim = session.request('claim', CLAIM).catch((error: unknown) => error);
    dials = [undefined];
    dying.die();
    await pass();
    expect(await claim).toBe(gone);
    session.close();
    expect(clock.waiting).toBe(0);
  });

  it('does not mind the end of a connection that it does not use any more', async () => {
    dials = [createDaemon()];
    first.die();
    await clock.advance(2_000);
    expect(notices.at(-1)).toBe('connected to the daemon again');
    first.die();
    await clock.advance(60_000);
    expect([notices.length, lost]).toEqual([2, 1]);
  });

  it('says why the next one does not come, once, and again when the reason changes', async () => {
    dials = [new PortrampError('STATE_FOLDER', 'cannot write to /home', { hint: 'make room on that disk' })];
    first.die();
    await clock.advance(20_000);
    expect(spawns.length).toBeGreaterThan(20);
    expect(notices).toEqual([
      'lost the daemon; services run on, looking for it',
      'the daemon is not back: cannot write to /home (make room on that disk)',
    ]);
    dials = [new PortrampError('LEDGER_NEWER', 'the ledger is newer')];
    await clock.advance(20_000);
    expect(notices.slice(2)).toEqual(['the daemon is not back: the ledger is newer']);
  });

  it('says a reason that is another one each time no more than every three seconds', async () => {
    dials = [new PortrampError('STATE_FOLDER', 'draft 0')];
    first.die();
    for (let attempt = 1; attempt <= 20; attempt += 1) {
      await clock.advance(500);
      dials = [new PortrampError('STATE_FOLDER', `draft ${attempt}`)];
    }
    const reasons = notices.filter((text) => text.includes('draft'));
    expect(reasons.length).toBeGreaterThanOrEqual(3);
    expect(reasons.length).toBeLessThanOrEqual(4);
  });

  it('says nothing of it when the next one is there at once, and registers everything', async () => {
    const next = createDaemon({ claim: { stack: STACK, front: { http: 7267 }, notices: ['set aside'] } });
    dials = [next];
    first.die();
    await clock.advance(1_000);
    expect(next.asked.map(([name]) => name)).toEqual(['claim', 'attach', 'publish']);
    expect(next.asked[0]?.[1]).toMatchObject({ root: '/shop', held: { slug: 'shop', index: 0, leases: [] } });
    expect(notices).toEqual([
      'lost the daemon; services run on, looking for it',
      'set aside',
      'connected to the daemon again',
    ]);
    expect([registered.length, lost]).toEqual([1, 1]);
    expect(clock.waiting).toBe(0);
  });

  it('tells the next one which number the front had, and hears of a move', async () => {
    await session.request('claim', { ...STACK });
    const next = createDaemon({ claim: { stack: STACK, front: { http: 7267 }, frontMoves: 4, notices: [] } });
    dials = [next];
    first.die();
    await clock.advance(1_000);
    // A daemon that does not count is one whose front has not moved.
    expect(next.asked[0]?.[1]).toMatchObject({ held: { front: { http: 7267, moves: 1 } } });
    next.notify('front', { front: { http: 8123 }, frontMoves: 5 });
    expect(registered.at(-1)).toEqual({ stack: STACK, front: { http: 8123 } });
    const third = createDaemon();
    dials = [third];
    next.die();
    await clock.advance(1_000);
    expect(third.asked[0]?.[1]).toMatchObject({ held: { front: { http: 8123, moves: 5 } } });
  });

  it('closes a connection on which it cannot register, and goes on trying', async () => {
    const broken = createDaemon({ claim: new PortrampError('STATE_FOLDER', 'the disk is full') });
    const next = createDaemon();
    dials = [broken, next];
    first.die();
    await clock.advance(5_000);
    expect(broken.closed).toBe(true);
    expect(notices).toContain('the daemon is not back: the disk is full');
    expect(notices.at(-1)).toBe('connected to the daemon again');
  });

  it('starts no daemon that a person has stopped, and does after any other end', async () => {
    first.notify('closing', { reason: 'stop' });
    dials = [undefined];
    first.die();
    await clock.advance(5_000);
    expect(new Set(spawns.slice(1))).toEqual(new Set([false]));
    const next = createDaemon();
    dials = [next];
    await clock.advance(1_000);
    next.die();
    dials = [undefined];
    await clock.advance(1_000);
    expect(spawns.at(-1)).toBe(true);
  });

  it('looks for no other one when it is closed', async () => {
    session.close();
    first.die();
    await clock.advance(5_000);
    expect(spawns).toEqual([true]);
    expect(clock.waiting).toBe(0);
  });
});

describe('a daemon that does not answer', () => {
  it('is said once, with what wakes it, and gets the routes when it answers again', async () => {
    session.close();
    const answers: ((answer: unknown) => void)[] = [];
    const silent = new PortrampError(
      'DAEMON_UNREACHABLE',
      'the daemon (pid 7) does not answer: it is stopped (state T)',
      {
        hint: '"kill -CONT 7" wakes it',
      },
    );
    const daemon = createDaemon();
    const patient: DaemonClient = {
      ...daemon.client,
      request: (name, params) =>
        name === 'publish'
          ? new Promise((resolve, reject) => {
              answers.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer as never)));
            })
          : daemon.client.request(name, params),
    };
    notices = [];
    session = await openSession({
      clock,
      pid: 1,
      connect: async () => patient,
      onCommand: async () => ({}),
      onNotice: (text) => notices.push(text),
      onFindings: () => undefined,
      onSightings: () => undefined,
      onLost: () => undefined,
      onPublished: () => undefined,
      onRegistered: () => undefined,
    });
    await session.attach(STACK, []);
    let isLive = false;
    void session.publish(() => ({ services: [], routes: [] })).then(() => (isLive = true));
    await clock.advance(0);
    for (let asked = 0; asked < 3; asked += 1) {
      expect(answers).toHaveLength(asked + 1);
      answers[asked]?.(silent);
      await clock.advance(0);
    }
    expect([isLive, notices]).toEqual([
      false,
      [
        'the daemon (pid 7) does not answer: it is stopped (state T) ("kill -CONT 7" wakes it); services run on, without news of them',
      ],
    ]);
    answers[3]?.({ front: { http: 7267 }, refusedHosts: {} });
    await clock.advance(0);
    expect(isLive).toBe(true);
  });
});
