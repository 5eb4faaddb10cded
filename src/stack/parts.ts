/** What a runner owns besides its session: opened together, closed in order. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import type { Checkout } from '../lib/checkout.ts';
import type { Clock } from '../lib/clock.ts';
import { closeInOrder } from '../lib/close.ts';
import type { Emitter } from '../lib/emitter.ts';
import type { Home } from '../lib/home.ts';
import { leaseInSlot } from '../plan/slots.ts';
import type { PortHolder, StackKey } from '../protocol/messages.ts';
import type { Engine } from '../proxy/engine/engine.ts';
import { belongingOf } from '../runtime/runs/clean.ts';
import { openRunRecord, type RunRecord } from '../runtime/runs/record.ts';
import { startWatchdog, type Watchdog } from '../runtime/watchdog/watchdog.ts';
import { createBranchLook } from './branch-watch.ts';
import { createContainers, type Containers } from './compose/containers.ts';
import { explainEnd } from './ending.ts';
import type { RunnerEvent } from './events.ts';
import { launch } from './launch.ts';
import { createLogStore, type LogStore } from './logs/store.ts';
import { openWhenLeft } from './ramp/opening.ts';
import { createReach, type Reach } from './ramp/reach.ts';
import type { Session } from './session.ts';
import { Supervision, type SupervisionOptions } from './supervision.ts';
import { createAskHolders, type AskHolders } from './taken.ts';
import { openStartMemory, type StartMemory } from './readiness/starts.ts';
import { openTaskRecord, type TaskRecord } from './tasks/record.ts';
import { watchRoot } from './root-watch.ts';
import { FAILURE_LINES } from './view.ts';
import { launchBraked } from './watch/braked.ts';
import { createBrakes, type Brakes } from './watch/brakes.ts';
import { describeHeld } from './watch/held.ts';
import { watchSources, type SourceWatch } from './watch/sources.ts';

export interface Parts {
  /** Begins the marker (PORTRAMP_RUN) of every process of the run. */
  readonly runId: string;
  readonly clock: Clock;
  readonly session: Session;
  readonly logs: LogStore;
  readonly watchdog: Watchdog;
  readonly record: RunRecord;
  readonly tasks: TaskRecord;
  readonly starts: StartMemory;
  readonly reach: Reach;
  readonly sources: SourceWatch;
  /** Of the restarts that changed files cause. */
  readonly brakes: Brakes;
  readonly containers: Containers;
  /** Ends the watch on the folder of the stack. */
  readonly leaveRoot: () => void;
  readonly key: StackKey;
  readonly holdersOf: AskHolders;
  /** Says something about a service: among its lines, and to whoever watches. */
  readonly tell: (service: string, text: string) => void;
}

export interface PartsOptions {
  readonly clock: Clock;
  /** The ramps'. */
  readonly engine: Engine;
  readonly home: Home;
  readonly session: Session;
  readonly key: StackKey;
  readonly slug: string;
  readonly checkout: Checkout;
  readonly events: Emitter<RunnerEvent>;
  readonly supervision: () => Supervision | undefined;
  readonly publish: () => Promise<void>;
  /** Called when the folder of the stack is gone: nothing is to run on. */
  readonly stop: () => void;
}

export function openParts(options: PartsOptions): Parts {
  const { clock, engine, home, session, key, slug, checkout, events, supervision, publish, stop } = options;
  const runId = randomBytes(6).toString('hex');
  const holdersOf = createAskHolders(session, (pid) => belongingOf(home.runs, pid), clock);
  const logs = createLogStore({ folder: join(home.logs, slug), clock });
  logs.lines.on((line) => events.emit({ type: 'line', line }));
  const tell: Parts['tell'] = (service, text) => {
    logs.note(service, text);
    events.emit({ type: 'notice', text, service });
  };
  const brakes = createBrakes({
    clock,
    onHeld: (service) => {
      const unit = supervision()?.find(service);
      const held = unit && describeHeld(unit.resolved, brakes.heldOf(service));
      if (held !== undefined) tell(service, `${held.reason} — ${held.hint}`);
    },
    onChange: () => void publish(),
    onQuiet: (service, files) => {
      logs.note(service, `${files[0]} changed, and is quiet now`);
      supervision()?.touch(service);
    },
  });
  return {
    runId,
    clock,
    session,
    brakes,
    logs,
    key,
    holdersOf,
    tell,
    record: openRunRecord({
      folder: home.runs,
      id: runId,
      ...key,
      onProblem: (text) => events.emit({ type: 'notice', text }),
    }),
    tasks: openTaskRecord({
      path: join(home.tasks, `${slug}.json`),
      onProblem: (text) => events.emit({ type: 'notice', text }),
    }),
    starts: openStartMemory(join(home.tasks, `${slug}.starts.json`), clock),
    reach: createReach({
      clock,
      engine,
      session,
      publish,
      linesOf: (service) => logs.tail(service, FAILURE_LINES),
      wake: (service) => supervision()?.wake(service),
      rest: (service) => supervision()?.rest(service),
      onNotice: tell,
    }),
    containers: createContainers({
      home,
      holdersOf,
      onNotice: (text) => events.emit({ type: 'notice', text }),
      onReturn: (service) => supervision()?.takeOver(service) ?? false,
    }),
    sources: watchSources({
      clock,
      brakes,
      onChange: (service, file) => {
        logs.note(service, `${file} changed`);
        supervision()?.touch(service);
      },
      onProblem: (service, problem) => tell(service, `its files are not watched: ${problem}`),
    }),
    // What comes after it cannot fail: a process and a timer would be left.
    watchdog: startWatchdog({ runId, clock }),
    leaveRoot: watchRoot({
      ...key,
      git: checkout.git,
      clock,
      lookAlong: createBranchLook({ checkout, onBranch: (branch) => void session.tellBranch(branch) }),
      onGone: (text) => {
        events.emit({ type: 'notice', text });
        stop();
      },
    }),
  };
}

/** Nothing runs any more when this is called. */
export function closeParts(parts: Parts, onProblem: (error: unknown) => void): Promise<void> {
  const { reach, sources, brakes, containers, leaveRoot, watchdog, record, logs, starts } = parts;
  const closable = [sources, brakes, reach, containers, watchdog, record, starts, logs];
  return closeInOrder([leaveRoot, ...closable.map((part) => () => part.close())], onProblem);
}

export interface LaunchSettings extends Pick<SupervisionOptions, 'onChange' | 'onFollow' | 'onSettled'> {
  readonly ambient: Readonly<Record<string, string | undefined>>;
  readonly color: boolean;
  /** Gives a port another number; false when it keeps the one it has. */
  readonly reassign: (service: string, lease: string, holder: PortHolder | undefined) => Promise<boolean>;
  /** Looks for a service on the number that it was given again. */
  readonly forget: (service: string, port: string, slot: number) => Promise<void>;
}

/** The units of the stack, with processes that are logged, watched over, recorded and led to. */
export function createSupervision(parts: Parts, settings: LaunchSettings): Supervision {
  const { clock, logs, watchdog, record, tasks, reach, containers, brakes, key, holdersOf, runId, starts } =
    parts;
  const { ambient, color, reassign, forget, onChange, onFollow, onSettled } = settings;
  return new Supervision({
    clock,
    logs,
    starts,
    onChange,
    onFollow,
    onSettled,
    lookAt: (launched) => containers.lookAt(launched),
    open: (launched) => openWhenLeft({ open: () => reach.open(launched), launched, key, holdersOf, clock }),
    drain: (drain) => reach.drain(drain),
    explainEnd: (ended) => explainEnd(ended, { logs, key, holdersOf, clock }),
    launch: ({ name, resolved }, { service, slot, generation, forced, onOutput }) => {
      const marker = `${runId}.${name}.${generation}`;
      if (resolved.kind === 'compose') return containers.launch(service(), { marker, onOutput });
      return launchBraked(brakes, resolved, () =>
        launch({
          service,
          reassign: (port, holder) => {
            const known = resolved.ports.find((one) => one.name === port);
            return reassign(name, known === undefined ? port : leaseInSlot(known, slot), holder);
          },
          forget: (port) => forget(name, port, slot),
          forced,
          tasks,
          ambient,
          color,
          holdersOf,
          clock,
          onOutput,
          marker,
        }),
      );
    },
    onSpawn: (pid) => {
      watchdog.add(pid);
      record.add(pid);
    },
    onExit: (pid) => {
      watchdog.remove(pid);
      record.remove(pid);
    },
    onNotice: (unit, text) => parts.tell(unit.name, text),
  });
}
