/**
 * Signals at random to the daemon, runners, watchdogs and services of three stacks under load, one over the other: some
 * are killed, some are stopped for up to 20 s, some in pairs. Nobody ever gets a wrong answer, no number has two owners
 * or another one than before, the front stays, and soon after the last signal all is back and nothing else is left.
 *
 *     npm run chaos                                 200 signals
 *     CHAOS_ROUNDS=1000 CHAOS_SEED=7 npm run chaos
 */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { lockHolder } from '../../../src/lib/lock.ts';
import { SEED, createRandom, listProcesses, send, type Process, type Random } from './chaos.ts';
import { createMachine, program, request, type Machine, type Workspace } from '../workspace.ts';

const ROUNDS = Number(process.env['CHAOS_ROUNDS'] ?? 50);
const isLong = ROUNDS >= 200;

/** Milliseconds from the last signal, and the last command after one, until all is back: what is promised, and what a busy machine of CI may take. */
const BACK = isLong ? 5_000 : 20_000;

/** Milliseconds between two signals at most. */
const GAP = 1_200;

/** Milliseconds that a process is stopped for. */
const [SHORTEST, LONGEST, VERY_LONG] = [100, 20_000, 90_000];

const STACKS = ['shop', 'blog', 'docs'] as const;
const SERVICES = ['plain', 'hidden'] as const;
const APP = `${process.execPath} ${program('app.js')}`;
/** Of nobody else: a word of every command line that tells whose process it is. */
const MARK = `storm-${process.pid}-${SEED}`;
const wordOf = (stack: string, service: string): string => `${MARK}-${stack}-${service}`;

const contract = (stack: string): string => {
  const rest = (service: string): string =>
    `env: { VERSION: ${stack}-${service} }, restart: { policy: always, max: 1000 }, stop: { timeout: 2s }, ready: { http: /, interval: 50ms }`;
  return `version: 1
workspace: ${stack}
services:
  plain: { command: "exec ${APP} ${wordOf(stack, 'plain')}", ${rest('plain')} }
  hidden: { command: "setsid ${APP} ${wordOf(stack, 'hidden')} & wait $!", ${rest('hidden')} }
`;
};

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

interface Answered {
  readonly version: string;
  readonly port: string;
}

interface Route {
  readonly stack: string;
  readonly service: string;
  /** The number that it has leased. */
  readonly lease: string;
}

async function ask(front: number, { stack, service }: Route): Promise<Answered | undefined> {
  const host = `${service}.${stack}.localhost`;
  const { status, body } = await request({
    host: '127.0.0.1',
    port: front,
    headers: { host },
    timeout: 30_000,
  });
  return status === 200 ? (JSON.parse(body) as Answered) : undefined;
}

/** Asks without end; an answer of the front itself, or none, is fine, and a wrong one is not. */
function startLoad(front: number, routes: readonly Route[]) {
  const seen = { right: 0, none: 0, wrong: [] as string[] };
  let isOver = false;
  const run = async (route: Route): Promise<void> => {
    while (!isOver) {
      const answer = await ask(front, route).catch(() => undefined);
      if (answer === undefined) {
        seen.none += 1;
        await pause(50);
      } else if (isRight(answer, route)) seen.right += 1;
      else seen.wrong.push(`${route.stack} ${route.service}: ${JSON.stringify(answer)}`);
    }
  };
  const runs = [...routes, ...routes].map(run);
  return {
    seen,
    stop: async (): Promise<void> => {
      isOver = true;
      await Promise.all(runs);
    },
  };
}

const isRight = ({ version, port }: Answered, { stack, service, lease }: Route): boolean =>
  version === `${stack}-${service}` && port === lease;

interface Victim {
  readonly kind: 'daemon' | 'runner' | 'watchdog' | 'server';
  readonly stack?: string;
  readonly pid: number;
}

function findVictims(workspaces: ReadonlyMap<string, Workspace>): Victim[] {
  const all = listProcesses();
  const victims: Victim[] = serversOf(all).map(({ pid }) => ({ kind: 'server', pid }));
  for (const [stack, { root }] of workspaces) {
    const runner = all.find(({ command }) => command.includes(`--dir ${root} dev --env`));
    if (runner === undefined) continue;
    victims.push({ kind: 'runner', stack, pid: runner.pid });
    const isWatchdog = ({ ppid, command }: Process): boolean =>
      ppid === runner.pid && command.includes('watchdog.js');
    victims.push(...all.filter(isWatchdog).map(({ pid }): Victim => ({ kind: 'watchdog', stack, pid })));
  }
  const daemon = lockHolder(machine.home.lock);
  return daemon === undefined ? victims : [...victims, { kind: 'daemon', pid: daemon.pid }];
}

const serversOf = (all: readonly Process[]): Process[] =>
  all.filter(({ command }) => command.startsWith(`${APP} ${MARK}`));

/** First what sort of process, then which one: there are many servers and one daemon. */
function chooseVictim(random: Random, victims: readonly Victim[]): Victim | undefined {
  const kind = random.choose([...new Set(victims.map((victim) => victim.kind))].sort());
  return random.choose(victims.filter((victim) => victim.kind === kind));
}

/** Milliseconds until a stack runs again: signals may end each of its starts while there are any. */
const AGAIN = ROUNDS * GAP + 120_000;

/** What a person does whose terminal says that the stack is gone: until it runs again. */
async function bringBack(workspace: Workspace): Promise<void> {
  await eventually(async () => {
    const { code, stdout, stderr } = await workspace.run('dev', '-d');
    // Who reads a failure wants to know why.
    expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
  }, AGAIN);
}

it(`survives ${ROUNDS} signals (seed ${SEED})`, { timeout: 180_000 + ROUNDS * 6_000 }, async () => {
  const random = createRandom(SEED);
  const workspaces = new Map(
    STACKS.map((stack) => [stack, machine.workspace(stack, contract(stack))] as const),
  );
  for (const workspace of workspaces.values()) expect((await workspace.run('dev', '-d')).code).toBe(0);
  const before = await machine.ls();
  const front = before.front.http ?? 0;
  const routes: Route[] = STACKS.flatMap((stack) => {
    const services = before.stacks.find(({ root }) => root === workspaces.get(stack)?.root)?.services ?? [];
    return services.map(({ name, ports }) => ({ stack, service: name, lease: String(ports[0]?.port) }));
  });
  expect(routes).toHaveLength(STACKS.length * SERVICES.length);
  const allAnswer = (): Promise<void> =>
    eventually(async () => {
      for (const route of routes) expect(await ask(front, route)).toMatchObject({ port: route.lease });
    }, 60_000);
  const quiet = performance.now();
  send(lockHolder(machine.home.lock)?.pid ?? 0, 'SIGKILL');
  await allAnswer();
  // A machine that does much else is slow before any storm.
  const bound = Math.max(BACK, 3 * (performance.now() - quiet));
  const load = startLoad(front, routes);

  const counts = new Map<string, number>();
  const under: Promise<unknown>[] = [];
  const failures: unknown[] = [];
  const begin = (work: Promise<unknown>): void =>
    void under.push(work.catch((why: unknown) => failures.push(why)));
  /** When the last signal was sent, and the last command that one of them made necessary has ended. */
  let calm = 0;
  /** A person has one terminal for a stack: a command is typed when the one before has ended. */
  const typed = new Map<string, Promise<void>>();
  const typeAgain = (stack: string, workspace: Workspace): void => {
    const next = (typed.get(stack) ?? Promise.resolve())
      .then(() => bringBack(workspace))
      .finally(() => (calm = performance.now()));
    typed.set(
      stack,
      next.catch(() => undefined),
    );
    begin(next);
  };
  const strike = (victim: Victim, mayEnd: boolean, round: number): void => {
    const isKilled = random.next() < 0.5 && (mayEnd || victim.kind !== 'runner');
    const what = `${isKilled ? 'kill' : 'stop'} ${victim.kind}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
    calm = performance.now();
    if (isKilled) {
      send(victim.pid, 'SIGKILL');
      const { kind, stack = '' } = victim;
      const workspace = kind === 'runner' ? workspaces.get(stack as 'shop') : undefined;
      if (workspace !== undefined) typeAgain(stack, workspace);
      return;
    }
    const isVeryLong = isLong && round % Math.ceil(ROUNDS / 3) === 1;
    send(victim.pid, 'SIGSTOP');
    begin(
      pause(isVeryLong ? VERY_LONG : random.logUniform(SHORTEST, LONGEST)).then(() => {
        calm = performance.now();
        send(victim.pid, 'SIGCONT');
      }),
    );
  };

  for (let round = 1; round <= ROUNDS; round += 1) {
    const victims = findVictims(workspaces);
    const first = chooseVictim(random, victims);
    // A runner that is killed is brought back by a person, not by itself: not at the very end.
    const mayEnd = round < ROUNDS - 10;
    const isPair = random.next() < 0.3;
    const second = isPair
      ? chooseVictim(
          random,
          victims.filter((victim) => victim !== first),
        )
      : undefined;
    for (const victim of [first, second]) if (victim !== undefined) strike(victim, mayEnd, round);
    await pause(random.next() * GAP);
  }
  await Promise.all(under);
  expect(failures).toEqual([]);

  await allAnswer();
  const back = performance.now() - calm;
  await load.stop();
  const { right, none, wrong } = load.seen;
  const signals = [...counts].map(([what, count]) => `${what} ${count}`).sort();
  console.log(
    `chaos: seed ${SEED}, ${ROUNDS} rounds: ${signals.join(', ')}; ${right} right answers, ${none} without one, ` +
      `${wrong.length} wrong; all back ${Math.round(back)} ms after the last signal or command`,
  );
  expect(wrong).toEqual([]);
  expect(right).toBeGreaterThan(0);

  await eventually(async () => {
    const { front: now, stacks } = await machine.ls();
    expect(now).toEqual({ http: front });
    const ports = stacks.flatMap(({ services }) => services.flatMap((service) => service.ports));
    expect(new Set(ports.map(({ port }) => port)).size).toBe(routes.length);
    const servers = serversOf(listProcesses()).map(({ command }) => command.split(' ').at(-1) ?? '');
    expect(servers.sort()).toEqual(routes.map(({ stack, service }) => wordOf(stack, service)).sort());
    // One watchdog for each runner.
    expect(findVictims(workspaces).filter(({ kind }) => kind === 'watchdog')).toHaveLength(STACKS.length);
  });
  expect((await machine.run(['down', '--all'])).code).toBe(0);
  await eventually(() => expect(serversOf(listProcesses())).toEqual([]));
  expect(back).toBeLessThan(bound);
});
