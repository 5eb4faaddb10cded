/**
 * How a running stack follows what it is made from: edits of its contract, numbers that move, and how many replicas
 * were asked for. One after the other, and with nothing changed where the next one cannot be.
 */
import type { Clock } from '../lib/clock.ts';
import { isFolderGone } from '../lib/gone-folder.ts';
import { createQueue, type Queue } from '../lib/queue.ts';
import { changeStack } from './change.ts';
import { demandSameProjects } from './compose/renamed.ts';
import type { Numbers } from './numbers.ts';
import type { Parts } from './parts.ts';
import { createPersistence } from './passing.ts';
import { heldBy, prepareStack, type PreparedStack } from './prepare.ts';
import type { Published } from './published.ts';
import type { RunnerOptions } from './runner-options.ts';
import { createScales } from './scales.ts';
import { selectOrThrow } from './selection.ts';
import type { Session } from './session.ts';
import type { Supervision } from './supervision.ts';
import { watchFiles, type FileWatch } from './watch/files.ts';
import { sourcesOf } from './watch/sources.ts';

export interface Edits {
  /** Takes its turn among edits and moves of numbers. */
  readonly inTurn: Queue;
  /** The stack as prepared last; undefined before the first time. */
  readonly prepared: PreparedStack | undefined;
  /** Reads what the stack is made from. @throws ContractError and what `prepareStack` throws */
  prepare(session: Session): Promise<PreparedStack>;
  /** The stack is made from this; it is followed when `watch` is called. */
  begin(prepared: PreparedStack): void;
  /** Follows the files that it was made from, and applies what changes. */
  watch(): Promise<void>;
  /** Looks again, as if a file had changed. */
  check(): void;
  /** From now on the service has this many replicas, whatever the contract says. Rejects where it cannot. */
  scale(service: string, replicas: number): Promise<void>;
  /**
   * Takes over new numbers. The service whose port it is goes on; its consumers start again when it is ready with the
   * new one.
   */
  adopt(next: PreparedStack, moved: string): void;
  close(): Promise<void> | undefined;
}

/** Parts of the runner, as far as they are there at the time. */
export interface EditsOptions extends Pick<
  RunnerOptions,
  'root' | 'environment' | 'home' | 'ambient' | 'selection'
> {
  readonly clock: Clock;
  readonly published: Published;
  readonly session: () => Session | undefined;
  readonly supervision: () => Supervision | undefined;
  readonly parts: () => Parts | undefined;
  readonly numbers: () => Numbers | undefined;
  readonly isStopping: () => boolean;
}

export function createEdits(options: EditsOptions): Edits {
  const { clock, published, session, supervision, parts, numbers, isStopping } = options;
  const { root, environment, home, ambient, selection } = options;
  const inTurn = createQueue();
  let prepared: PreparedStack | undefined;
  /** When the files were begun to be read: what has changed after that is an edit. */
  let readFrom = 0;
  let watch: FileWatch | undefined;

  const prepare = (client: Session, onFiles?: (files: readonly string[]) => void): Promise<PreparedStack> => {
    readFrom = clock.wallTime();
    return prepareStack({
      key: { root, environment },
      home,
      client,
      ambient,
      purpose: prepared === undefined ? 'use' : 'follow',
      held: prepared && heldBy(prepared),
      scales: (contract) => scales.beside(contract),
      onFiles,
    });
  };

  /** What a refused edit names is watched too: a file that was missing may come. */
  const prepareAgain = async (client: Session, known: readonly string[]): Promise<PreparedStack> => {
    const named: string[] = [];
    try {
      const next = await prepare(client, (files) => named.push(...files));
      if (prepared !== undefined) demandSameProjects(prepared, next);
      return next;
    } catch (error) {
      await watch?.follow([...new Set([...known, ...named])], readFrom);
      throw error;
    }
  };

  /** Makes what runs fit what the stack is made from now. @throws where that cannot be; then nothing has changed */
  const apply = async (): Promise<void> => {
    const [client, units, last] = [session(), supervision(), prepared];
    if (client === undefined || units === undefined || last === undefined) return;
    if (isStopping()) return;
    const next = await prepareAgain(client, last.files);
    const wanted = new Set(selectOrThrow(next.plan, selection));
    if (isStopping()) return;
    await parts()?.containers.use(next);
    prepared = next;
    client.hold(next.stack, next.leases);
    const known = new Set(last.notices);
    for (const text of next.notices) if (!known.has(text)) published.notice(text);
    for (const { service, text } of scales.settle(next.contract)) parts()?.tell(service, text);
    const mended = parts()?.containers.takeMended();
    const changes = changeStack(units, last, next, { wanted, mended });
    for (const { service } of changes) parts()?.brakes.release(service);
    parts()?.reach.keep(new Set(units.units.map((unit) => unit.name)));
    published.applied(changes);
    await watch?.follow(next.files, readFrom);
    await parts()?.sources.follow(sourcesOf(next.services));
    await numbers()?.settle();
    await published.publish();
  };

  const scales = createScales(inTurn, apply);

  /** Runs after an edit of what the stack was made from. */
  const persistence = createPersistence({
    clock,
    apply,
    again: (attempt) => void inTurn(attempt),
    onRefused: async (error) => {
      // Where the folder is gone there is no edit: the stack ends, and that is told (`root-watch.ts`).
      if (!(await isFolderGone(root))) published.refused(error);
    },
  });

  return {
    inTurn,
    get prepared() {
      return prepared;
    },
    prepare: (client) => prepare(client),
    begin: (first) => {
      prepared = first;
    },
    watch: async () => {
      watch = watchFiles({ clock, onChange: () => inTurn(persistence.attempt) });
      await watch.follow(prepared?.files ?? [], readFrom);
      await parts()?.sources.follow(sourcesOf(prepared?.services ?? new Map()));
    },
    check: () => watch?.check(),
    scale: (service, replicas) => scales.ask(service, replicas),
    adopt: (next, moved) => {
      const [units, last] = [supervision(), prepared];
      if (units === undefined || last === undefined || isStopping()) return;
      prepared = next;
      session()?.hold(next.stack, next.leases);
      changeStack(units, last, next, { wanted: units.wanted, moved });
      void published.publish();
    },
    close: () => {
      persistence.close();
      return watch?.close();
    },
  };
}
