/** Watches the port that an instance is looked for on: by connections until the daemon sees it, by the daemon from then on. */
import type { Clock } from '../../lib/clock.ts';
import type { ResolvedPort } from '../../plan/plan.ts';
import type { Sighting } from '../../protocol/messages.ts';
import type { ProbeResult } from '../probe.ts';
import { DOUBT, type PortFacts } from './assess.ts';
import { UNSEEN } from './liveness.ts';
import { portLook, type Look } from './looks.ts';
import { primaryOf } from './own-ports.ts';

export interface PortWatchOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly signal: AbortSignal;
  /** Runs a task once after so many milliseconds, unless the watch has ended. */
  readonly later: (ms: number, task: () => void) => void;
  /** Milliseconds between two looks at a port that is waited for. */
  readonly interval: () => number;
  /** Whether ready depends on the port. */
  readonly isNeeded: (port: ResolvedPort) => boolean;
  /** Whether somebody else looks at the port, and it need not be dialled while it is silent. */
  readonly isAsked: () => boolean;
  /** Whether the port has been silent for long. */
  readonly isLong: () => boolean;
  readonly look: (look: Look) => Promise<ProbeResult | typeof UNSEEN>;
  readonly onLook: (problem: ProbeResult) => void;
  /** A port of the instance has begun or ceased to listen, as far as that is seen. */
  readonly onListening: (port: string, listens: boolean) => void;
  /** Called when what is known of the primary port has changed. */
  readonly onChange: () => void;
}

export interface PortWatch {
  readonly facts: PortFacts | undefined;
  readonly dialOnce: () => Promise<void>;
  /** The number has just answered a probe: it listens, and need not be dialled to know that. */
  readonly answered: (number: number) => void;
  /** The daemon has seen these ports listen, and none of the others; undefined: none looks, so the port is dialled. */
  readonly see: (sighting: Pick<Sighting, 'listening' | 'away'> | undefined) => void;
  /** Forgets what was seen of a child that is gone: it says nothing about the one that came after it. */
  readonly beginAnew: () => void;
  /** Whether ready depends on the port may be another answer now. */
  readonly reconsider: () => void;
  /** The instance is looked for on these ports from now on. */
  readonly retarget: (ports: readonly ResolvedPort[]) => void;
}

/** Milliseconds between two looks at a port that has been silent for long, or that only this process saw listening. */
const RELAXED = 2_000;

export function watchPort(initial: readonly ResolvedPort[], options: PortWatchOptions): PortWatch {
  const { clock, signal, later, interval, isNeeded, isAsked, isLong, look, onLook } = options;
  let ports = initial;
  let isWitnessed = false;
  /** Whether it has answered since it was dialled last. */
  let hasAnswered = false;
  /**
   * A number that the instance before opened by itself was promised to nobody: who answers there may be another service.
   * Where the daemon looks, which it says within this time, it says whose it is; until then nobody who answers is believed.
   */
  let doubtEnds = primaryOf(initial)?.leased === undefined ? -Infinity : clock.now() + DOUBT;
  const isDoubtful = (): boolean => clock.now() < doubtEnds;

  const expect = (): PortFacts | undefined => {
    const primary = primaryOf(ports);
    if (primary === undefined) return undefined;
    const { name, targetPort: number, implicit } = primary;
    const facts = { name, number, implicit, listens: false, since: clock.now(), listened: false };
    return isNeeded(primary) ? facts : { ...facts, optional: true };
  };
  let port = expect();

  const setListening = (listens: boolean): void => {
    if (port === undefined || port.listens === listens) return;
    port = { ...port, listens, since: clock.now(), listened: port.listened || listens };
    isWitnessed &&= listens;
    if (!listens) void dial();
    options.onChange();
  };

  /**
   * Whether the daemon has seen the port listen, and so will see when it does so no more. It tells changes only: what
   * came and went between two of its looks it never told.
   */
  const isSettled = ({ name, listens }: PortFacts): boolean =>
    listens && (isWitnessed || ports.some((own) => own.name === name && own.listener === 'external'));

  const dialOnce = async (): Promise<void> => {
    if (port === undefined || isDoubtful() || isSettled(port) || (isAsked() && !port.listens)) return;
    const { name, number, listens: isAnswered } = port;
    const problem = await look(portLook({ targetPort: number }, { clock, isAnswered }));
    if (problem === UNSEEN || signal.aborted || number !== port.number || isSettled(port)) return;
    // What does not have to listen is none of what was wrong.
    if (port.optional !== true) onLook(problem);
    options.onListening(name, problem === undefined);
    setListening(problem === undefined);
  };

  /** Dials the port until it answers and the daemon has seen that, too. */
  let isDialling = false;
  const dial = async (): Promise<void> => {
    if (isDialling || port === undefined || port.optional === true) return;
    isDialling = true;
    while (!signal.aborted && !isSettled(port)) {
      if (!hasAnswered) await dialOnce();
      hasAnswered = false;
      const pause = port.listens || isLong() ? RELAXED : interval();
      if (!isSettled(port)) await new Promise<void>((resolve) => later(pause, resolve));
    }
    isDialling = false;
  };
  void dial();

  return {
    get facts() {
      return port;
    },
    dialOnce,
    answered: (number) => {
      if (port === undefined || isDoubtful() || port.number !== number || port.listens) return;
      hasAnswered = true;
      options.onListening(port.name, true);
      setListening(true);
    },
    see: (sighting) => {
      if (sighting === undefined) {
        isWitnessed = false;
        doubtEnds = -Infinity;
        return void dial();
      }
      const { listening, away = [] } = sighting;
      isWitnessed ||= port !== undefined && listening.includes(port.name);
      if (isDoubtful()) doubtEnds = isWitnessed ? -Infinity : Infinity;
      // Who listens on an external port may be anybody: the daemon does not look.
      const own = ports.filter(({ listener }) => listener !== 'external').map(({ name }) => name);
      for (const name of own) options.onListening(name, listening.includes(name));
      if (port === undefined || !own.includes(port.name)) return;
      const listens = listening.includes(port.name);
      const { name } = port;
      port = { ...port, away: away.find((one) => one.port === name)?.address };
      // Nobody dials it any more: what the last connection met is not how it is.
      if (listens && !port.listens && port.optional !== true && !isAsked()) onLook(undefined);
      setListening(listens);
    },
    beginAnew: () => {
      if (port !== undefined && !port.listens) port = { ...port, listened: false };
    },
    reconsider: () => {
      const expected = expect();
      if (port === undefined || expected === undefined) return;
      port = { ...port, optional: expected.optional === true };
      void dial();
    },
    retarget: (next) => {
      ports = next;
      isWitnessed = false;
      doubtEnds = -Infinity;
      hasAnswered = false;
      port = expect();
      void dial();
    },
  };
}
