/** How a stack is: told to the daemon as whole snapshots, and to whoever watches the runner as events. */
import { ContractError } from '../contract/contract-error.ts';
import type { Emitter } from '../lib/emitter.ts';
import type { Change } from '../plan/plan.ts';
import type { PublishedService, StackSnapshot } from '../protocol/messages.ts';
import type { RunnerEvent } from './events.ts';
import type { Removal } from './compose/containers.ts';
import type { Parts } from './parts.ts';
import { describeRefusal } from './refusal.ts';
import type { Session } from './session.ts';
import { publishService, takeSnapshot, type ServiceView } from './snapshot.ts';
import type { Supervision } from './supervision.ts';
import type { Unit } from './unit.ts';
import { viewUnit } from './view.ts';

export interface Published {
  /** Why the last edit of the contract was not applied, or what went wrong at the end; in every snapshot. */
  readonly problems: readonly string[];
  /** Every service as it is now. */
  services(): PublishedService[];
  /** Resolves when the daemon knows how everything is now. */
  publish(): Promise<void>;
  /** A service has changed. */
  publishChange(unit: Unit): void;
  /** Every service has come to rest. Told when the daemon knows it too: whoever hears of it may ask the daemon. */
  publishSettled(): Promise<void>;
  /** An edit of the contract took effect. */
  applied(changes: readonly Change[]): void;
  /** An edit of the contract was refused. */
  refused(error: unknown): void;
  /** What `down` did not manage. Whoever asked for it is waiting at the daemon. */
  publishRemoval(removal: Removal): Promise<void>;
  /** Something about a service: among its lines, and to whoever watches. */
  tell(unit: Unit, text: string): void;
  /** Something about the stack. */
  notice(text: string): void;
}

/** Parts of the runner, as far as they are there at the time. */
export interface PublishedOptions {
  readonly root: string;
  readonly events: Emitter<RunnerEvent>;
  readonly session: () => Session | undefined;
  readonly supervision: () => Supervision | undefined;
  readonly parts: () => Parts | undefined;
  /** Tells whether the stack is going down. */
  readonly isEnding: () => boolean;
}

export function createPublished(options: PublishedOptions): Published {
  const { root, events, session, supervision, parts, isEnding } = options;
  let problems: readonly string[] = [];
  const view = (unit: Unit): ServiceView => viewUnit(unit, parts());
  const views = (): ServiceView[] => (supervision()?.units ?? []).map(view);
  const standing = (): Pick<StackSnapshot, 'problems' | 'ending'> => ({
    problems: [...problems],
    ...(isEnding() ? { ending: true } : {}),
  });
  const published: Published = {
    get problems() {
      return problems;
    },
    services: () => views().map(publishService),
    publish: async () => session()?.publish(() => takeSnapshot(views(), standing())),
    publishChange: (unit) => {
      parts()?.containers.follow(supervision()?.units ?? []);
      parts()?.reach.follow(unit);
      events.emit({ type: 'service', service: publishService(view(unit)) });
      void published.publish();
    },
    publishSettled: async () => {
      await published.publish();
      events.emit({ type: 'settled', services: published.services() });
    },
    applied: (changes) => {
      if (changes.length > 0 || problems.length > 0) events.emit({ type: 'applied', changes });
      problems = [];
    },
    refused: (error) => {
      problems = describeRefusal(error, root);
      events.emit(
        error instanceof ContractError
          ? { type: 'refused', diagnostics: error.diagnostics }
          : { type: 'notice', text: problems.join() },
      );
      void published.publish();
    },
    publishRemoval: async (removal) => {
      const { failure } = removal;
      if (removal.problems.length === 0 && failure === undefined) return;
      for (const text of removal.problems) published.notice(text);
      if (failure !== undefined) published.notice(`containers were not removed: ${failure.message}`);
      problems = removal.problems;
      await session()?.publish(() =>
        takeSnapshot(views(), {
          ...standing(),
          ...(failure === undefined ? {} : { left: failure }),
        }),
      );
    },
    tell: (unit, text) => parts()?.tell(unit.name, text),
    notice: (text) => events.emit({ type: 'notice', text }),
  };
  return published;
}
