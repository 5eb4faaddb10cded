/** Watches the process that a replica has: tells its life when it is ready, after what leads to it is open, and what else is found. */
import { stripVTControlCharacters } from 'node:util';

import { messageOf, PortrampError } from '../lib/errors.ts';
import type { ResolvedService } from '../plan/plan.ts';
import type { Instance } from '../runtime/instance.ts';
import { watchReadiness } from './readiness/watch.ts';
import type { Finding, ReadinessWatch } from './readiness/watch-options.ts';
import { describeDeadline, foundBy, namesNumber } from './readiness/words.ts';
import type { ReplicaOptions } from './replica-options.ts';

type Shared =
  | 'service'
  | 'clock'
  | 'logs'
  | 'lookAt'
  | 'starts'
  | 'open'
  | 'onEvent'
  | 'follows'
  | 'onFollow'
  | 'onListening'
  | 'onLate';

export interface InstanceWatchOptions extends Pick<ReplicaOptions, Shared> {
  readonly instance: Instance;
  /** What the process was started with; its ports may be other ones later. */
  readonly launched: () => ResolvedService;
  /** Which launch of the service the process is. */
  readonly launch: number | undefined;
  /** How a file that tells of readiness was before the start. */
  readonly stamp: string | undefined;
  /** Milliseconds that the attempt before it ran until it failed; undefined for a first one. */
  readonly failedAfter: number | undefined;
  /** Called after every look; undefined is well. */
  readonly onLook: (problem: string | undefined) => void;
}

export interface InstanceWatch extends ReadinessWatch {
  /** Whether something of the instance's own listens, by port; absent: nobody has looked. */
  readonly listening: ReadonlyMap<string, boolean>;
  /** Whether it has been called ready. */
  readonly wasReady: boolean;
}

/** Last lines of its log that say something of an instance: what it is ready by, or the number that it opened. */
const PRINTED = 100;

/** @returns undefined for what is not to become ready: it is there, or it ends */
export function watchInstance(options: InstanceWatchOptions): InstanceWatch | undefined {
  const { service: name, clock, logs, launched, launch, instance, stamp, open } = options;
  const { onEvent, onLate, onLook, follows, onFollow } = options;
  const { service, ports, dir } = launched();
  if (service.kind !== 'process' && service.kind !== 'compose') return undefined;
  const history = options.starts.begin(launched());
  let listening = new Map<string, boolean>();
  let verdict: Finding['kind'] = 'starting';
  let wasReady = false;
  let isOver = false;

  /** Whoever is told that it is ready may dial it at once. */
  const becomeReady = async (): Promise<void> => {
    try {
      const opening = open(launched());
      if (opening !== undefined) await opening;
    } catch (error) {
      const hint = error instanceof PortrampError ? error.hint : undefined;
      if (!isOver) onEvent({ type: 'ghost', cause: { message: messageOf(error), hint } });
      return;
    }
    // What leads to it took a moment to open.
    if (isOver || verdict !== 'ready') return;
    wasReady = true;
    onEvent({ type: 'ready', now: clock.now() });
  };

  const onFinding = (finding: Finding): void => {
    history.learn(finding, [...listening.values()].includes(true));
    if (finding.kind !== 'late') verdict = finding.kind;
    switch (finding.kind) {
      case 'ready':
        void becomeReady();
        return;
      case 'starting':
      case 'silent':
      case 'misplaced':
        onEvent({ type: 'found', found: foundBy(finding, launched(), history.took()) });
        return;
      case 'unwell':
        onEvent({ type: 'unwell', problem: finding.problem, hint: finding.hint });
        return;
      case 'late':
        onLate(finding);
        return;
      case 'deadline':
        onEvent({ type: 'deadline', cause: describeDeadline(finding, name) });
        return;
    }
  };

  const isProcess = service.kind === 'process';
  const printed = (): string[] => logs.tail(name, PRINTED, launch);
  const watch = watchReadiness({
    ready: service.ready,
    usual: isProcess ? undefined : options.lookAt(launched()),
    ports,
    dir,
    stamp,
    run: (command, more) => instance.aside(command, more),
    family: isProcess ? (age) => instance.family(age) : undefined,
    stopped: isProcess ? () => instance.stopped() : undefined,
    clock,
    onLine: (listener) =>
      logs.lines.on((line) => {
        // Colours must not come between the words of a pattern.
        if (line.service === name && line.launch === launch && line.stream !== 'portramp')
          listener(stripVTControlCharacters(line.text));
      }),
    printed: () => printed().map((text) => stripVTControlCharacters(text)),
    onFinding,
    failedAfter: isProcess ? options.failedAfter : undefined,
    onLook,
    follows,
    patience: history.patience,
    mentions: (number) => namesNumber(printed(), number),
    onFollow,
    onListening: (port, listens) => {
      if (listening.get(port) === listens) return;
      listening = new Map(listening).set(port, listens);
      options.onListening();
    },
  });
  return {
    ...watch,
    get listening() {
      return listening;
    },
    get wasReady() {
      return wasReady;
    },
    end: () => {
      isOver = true;
      watch.end();
    },
  };
}
