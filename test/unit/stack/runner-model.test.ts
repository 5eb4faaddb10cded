/**
 * The units of a stack with a fake clock and fake processes, against what must hold after every step: never two
 * instances outside a transition, every held request settles, a stop from any state ends in nothing running.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { planOf, resolutionOf } from '../plan/stack.ts';
import type { ResolvedService } from '../../../src/plan/plan.ts';
import { createTraffic, type Passage } from '../../../src/proxy/traffic.ts';
import type { Exit, Instance } from '../../../src/runtime/instance.ts';
import { createLogStore, type LogStore } from '../../../src/stack/logs/store.ts';
import type { Blueprints } from '../../../src/stack/blueprints.ts';
import { changeStack } from '../../../src/stack/change.ts';
import { createGate, type Entry, type Gate } from '../../../src/stack/ramp/gate.ts';
import { stateFor } from '../../../src/stack/ramp/ramps.ts';
import { isChanging } from '../../../src/stack/roster/roster.ts';
import type { Launch, LaunchResult } from '../../../src/stack/replica-options.ts';
import { Supervision } from '../../../src/stack/supervision.ts';
import type { Drain } from '../../../src/stack/unit-options.ts';
import type { Unit } from '../../../src/stack/unit.ts';
import { createManualClock } from '../manual-clock.ts';

const SERVICES = `services:
  db: { command: run, ports: { pg: { appProtocol: tcp } }, ramp: true, ready: { exec: look }, restart: { max: 2 } }
  api: { command: run, consumes: [db], transition: { strategy: handoff, drainTimeout: 2s }, ready: { exec: look } }
  web: { command: run, consumes: [api], replicas: 2, transition: { strategy: rolling }, ready: { exec: look } }
  lazy: { command: run, start: request, ready: { exec: look, timeout: 5s } }
  job: { kind: task, command: run, consumes: [db] }
`;

const { plan } = planOf(SERVICES);
const { services } = resolutionOf(SERVICES);

const NAMES = [...services.keys()];

/** Each instance on a port of its own, as leases would have it. */
const blueprintsOf = (current: ReadonlyMap<string, ResolvedService>): Blueprints => ({
  services: new Map(current),
  instance: (name, slot) => {
    const service = current.get(name);
    if (service === undefined) return undefined;
    const ports = service.ports.map((port, at) => ({
      ...port,
      targetPort: 30_000 + NAMES.indexOf(name) * 100 + slot * 10 + at,
    }));
    return { ...service, ports };
  },
});

let folder: string;
let logs: LogStore;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-model-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A process that does what it is told: gets well, ends, ignores its signal. */
class FakeInstance implements Instance {
  readonly pid: number;
  readonly startTime = '1';
  readonly marker: string;
  readonly exited: Promise<Exit>;
  readonly service: string;
  readonly slot: number;
  isWell = false;
  isStopped = false;
  #end: (exit: Exit) => void = () => undefined;

  constructor(pid: number, { service, slot }: Launch) {
    this.pid = pid;
    this.service = service().name;
    this.slot = slot;
    this.marker = String(pid);
    this.exited = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  aside(): Promise<string | undefined> {
    return Promise.resolve(this.isWell ? undefined : 'not yet');
  }

  stop(): void {
    this.isStopped = true;
  }

  kill(): void {
    this.end({ code: null, signal: 'SIGKILL' });
  }

  end(exit: Exit): void {
    this.#end(exit);
  }

  async family(): Promise<[]> {
    return [];
  }

  async stopped(): Promise<undefined> {
    return undefined;
  }

  async remains(): Promise<[]> {
    return [];
  }
}

class Model {
  readonly clock = createManualClock();
  readonly traffic = createTraffic(this.clock);
  readonly gates = new Map<string, Gate>();
  readonly alive = new Map<number, FakeInstance>();
  readonly spawning: { launch: Launch; settle: (result: LaunchResult) => void }[] = [];
  readonly held: Promise<Entry>[] = [];
  readonly passages: Passage[] = [];
  readonly supervision: Supervision;
  settledHeld = 0;
  #pids = 0;
  #edits = 0;
  #blueprints = blueprintsOf(services);

  constructor() {
    this.supervision = new Supervision({
      clock: this.clock,
      logs,
      launch: (_unit, launch) =>
        new Promise((settle) => {
          this.spawning.push({ launch, settle });
        }),
      lookAt: () => ({
        look: async () => undefined,
        problem: () => undefined,
        onChange: () => () => undefined,
      }),
      open: () => undefined,
      explainEnd: () => undefined,
      starts: { begin: () => ({ patience: () => 15_000, took: () => undefined, learn: () => undefined }) },
      drain: (drain) => this.#drain(drain),
      onChange: (unit) => this.#follow(unit),
      onFollow: async () => ({ followed: false, why: 'nobody follows' }),
      onNotice: () => undefined,
      onSpawn: () => undefined,
      onExit: (pid) => void this.alive.delete(pid),
      onSettled: () => undefined,
    });
    this.supervision.start(this.#blueprints, new Set(NAMES));
  }

  async step(choice: number): Promise<void> {
    // Most of the time things go well, or nothing would ever get far.
    const well = choice % 10 < 6 ? this.#progress() : [];
    const moves = well.length > 0 ? well : this.#moves();
    moves[Math.floor(choice / 10) % moves.length]?.();
    await this.clock.advance(choice % 7 === 0 ? 3_000 : 100);
    await settle();
    this.check();
  }

  /** Two processes in one slot never; more than wanted of a service only while one follows another. */
  check(): void {
    const slots = new Map<string, number>();
    const counts = new Map<string, number>();
    const running = [
      ...this.alive.values(),
      ...this.spawning.map(({ launch }) => ({ service: launch.service().name, slot: launch.slot })),
    ];
    for (const { service, slot } of running) {
      slots.set(`${service} ${slot}`, (slots.get(`${service} ${slot}`) ?? 0) + 1);
      counts.set(service, (counts.get(service) ?? 0) + 1);
    }
    expect(Math.max(0, ...slots.values())).toBeLessThanOrEqual(1);
    for (const unit of this.supervision.units) {
      const { service } = unit.resolved;
      const wanted = service.kind === 'process' ? service.replicas : 1;
      const changing = isChanging({ goal: 'up', size: wanted, revision: 1, replicas: unit.replicas });
      if (!changing) expect(counts.get(unit.name) ?? 0).toBeLessThanOrEqual(wanted);
    }
  }

  ask(service: string): void {
    const gate = this.gates.get(service);
    if (gate === undefined) return;
    const entry = Promise.resolve(gate.enter('exchange', new AbortController().signal));
    this.held.push(entry);
    void entry.then((answer) => {
      this.settledHeld += 1;
      if (answer.kind !== 'passage') return;
      const alive = [...this.alive.values()].some(({ service: name }) => name === service);
      expect(alive).toBe(true);
      this.passages.push(answer.passage);
    });
  }

  /** Ends whatever was asked to end, and lets time go by, until nothing happens any more. */
  async finish(): Promise<void> {
    for (let round = 0; round < 200; round += 1) {
      for (const passage of this.passages.splice(0)) passage.end();
      for (const { launch, settle: answer } of this.spawning.splice(0)) answer(this.#spawn(launch));
      await settle();
      for (const instance of this.alive.values())
        if (instance.isStopped) instance.end({ code: 0, signal: null });
      await this.clock.advance(500);
      await settle();
      if (this.alive.size + this.spawning.length === 0 && this.clock.waiting === 0) return;
    }
  }

  /** What an edit of the contract does: other values, another number of replicas, a service gone or back. */
  edit(change: (current: Map<string, ResolvedService>) => void): void {
    const last = this.#blueprints;
    const current = new Map(last.services);
    change(current);
    this.#blueprints = blueprintsOf(current);
    changeStack(this.supervision, last, this.#blueprints, { wanted: new Set(current.keys()) });
  }

  #edit(name: string): void {
    this.edit((current) => {
      const service = current.get(name);
      this.#edits += 1;
      if (service !== undefined) current.set(name, { ...service, env: { EDIT: String(this.#edits) } });
    });
  }

  #scale(name: string, replicas: number): void {
    this.edit((current) => {
      const scaled = current.get(name);
      if (scaled?.service.kind === 'process')
        current.set(name, { ...scaled, service: { ...scaled.service, replicas } });
    });
  }

  #removeOrAdd(name: string): void {
    this.edit((current) => {
      const known = services.get(name);
      if (!current.delete(name) && known !== undefined) current.set(name, known);
    });
  }

  #progress(): (() => void)[] {
    return [
      ...this.spawning.map((spawn) => () => this.#answer(spawn, this.#spawn(spawn.launch))),
      ...[...this.alive.values()]
        .filter(({ isWell, isStopped }) => !isWell || isStopped)
        .map((instance) => () => {
          instance.isWell = true;
          if (instance.isStopped || instance.service === 'job') instance.end({ code: 0, signal: null });
        }),
    ];
  }

  #moves(): (() => void)[] {
    const { services: current } = this.#blueprints;
    const now = { ...plan, services: new Map([...plan.services].filter(([name]) => current.has(name))) };
    return [
      () => this.#removeOrAdd('web'),
      ...[1, 2, 3].map((replicas) => () => this.#scale('web', replicas)),
      ...[...current.keys()].flatMap((name) => [
        () => this.supervision.startNamed(now, [name]),
        () => this.supervision.stopNamed(now, [name]),
        () => this.supervision.restartNamed(now, [name]),
        () => this.#edit(name),
        () => this.supervision.touch(name),
        () => this.supervision.rest(name),
        () => this.ask(name),
      ]),
      ...this.spawning.flatMap((spawn) => [
        () => this.#answer(spawn, this.#spawn(spawn.launch)),
        () => this.#answer(spawn, this.#spawn(spawn.launch)),
        () => this.#answer(spawn, { ok: false, failure: { message: 'command not found' } }),
      ]),
      ...[...this.alive.values()].flatMap((instance) => [
        () => {
          instance.isWell = true;
        },
        () => {
          instance.isWell = true;
        },
        () => {
          instance.isWell = false;
        },
        () => instance.end({ code: instance.service === 'job' ? 0 : 1, signal: null }),
        ...(instance.isStopped
          ? [
              () => instance.end({ code: 0, signal: null }),
              () => instance.end({ code: null, signal: 'SIGKILL' }),
            ]
          : []),
      ]),
      ...this.passages.map((passage, index) => () => {
        this.passages.splice(index, 1);
        passage.end();
      }),
    ];
  }

  #answer(spawn: Model['spawning'][number], result: LaunchResult): void {
    this.spawning.splice(this.spawning.indexOf(spawn), 1);
    spawn.settle(result);
  }

  #spawn(launch: Launch): LaunchResult {
    const instance = new FakeInstance((this.#pids += 1), launch);
    this.alive.set(instance.pid, instance);
    return { ok: true, instance };
  }

  async #drain({ unit, launched, reason }: Drain): Promise<void> {
    if (reason === 'stop') return;
    this.#follow(unit);
    await this.traffic.drain(addressesOf(launched), { timeout: 2_000, all: reason === 'retire' });
  }

  #follow(unit: Unit): void {
    const [port] = unit.resolved.ports;
    if (port === undefined) return;
    const gate =
      this.gates.get(unit.name) ??
      createGate({
        clock: this.clock,
        traffic: this.traffic,
        onWait: () => this.supervision.wake(unit.name),
        limits: { wait: 10_000 },
      });
    this.gates.set(unit.name, gate);
    gate.set(stateFor(unit, port.name));
  }
}

const addressesOf = ({ ports }: ResolvedService) =>
  ports.map(({ host, targetPort }) => ({ host, port: targetPort }));

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the units of a stack, whatever happens', () => {
  const sequences = fc.array(fc.nat(100_000), { minLength: 20, maxLength: 150 });

  it('are one instance a replica outside of transitions, settle every request, and are all gone after a stop', async () => {
    logs = createLogStore({ folder, clock: createManualClock() });
    await fc.assert(
      fc.asyncProperty(sequences, fc.boolean(), async (choices, now) => {
        const model = new Model();
        for (const choice of choices) await model.step(choice);
        void model.supervision.shutDown(now);
        await model.finish();
        expect([...model.alive.keys()]).toEqual([]);
        expect(model.spawning).toEqual([]);
        for (const unit of model.supervision.units) {
          if (unit.resolved.kind !== 'external')
            expect(`${unit.name} ${unit.state.state}`).toBe(`${unit.name} idle`);
        }
        // Those who waited have been let in or turned away.
        await model.clock.advance(20_000);
        await settle();
        expect(model.settledHeld).toBe(model.held.length);
        expect(model.clock.waiting).toBe(0);
      }),
      { numRuns: Number(process.env['MODEL_RUNS'] ?? 60) },
    );
    await logs.close();
  });
});
