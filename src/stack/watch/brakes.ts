/**
 * Tells the edits of a person from what a service writes itself: a file that changes right after each start restarts
 * for ever. Knows a file by its service and its path, relative to the service's folder. Pure but for its clock.
 */
import type { Clock } from '../../lib/clock.ts';

/**
 * When a change came, seen from the service: `early`, right after a start, or while a task ran; `between`, while the
 * restart that was decided is not there yet, as what a program writes when it is told to end; `steady`, at any other
 * time; `held`, of a file that restarts nothing.
 */
export type Phase = 'early' | 'between' | 'steady' | 'held';

export interface Brakes {
  /**
   * An instance of the service is being started.
   *
   * @returns to be called, once, when it is there; of a task, when it has ended
   */
  starting(service: string): () => void;
  /** When a change of the file comes that comes now; a held one has to be quiet from now on. */
  see(service: string, file: string): Phase;
  /** Picks the files that restart the service. @param changes files that changed together, each with its phase */
  judge(service: string, changes: ReadonlyMap<string, Phase>): readonly string[];
  /** The files that restart the service no more, in the order of their names. */
  heldOf(service: string): readonly string[];
  /** A person has asked for a start, or the contract says something else now: all files restart it again. */
  release(service: string): void;
  close(): void;
}

export interface BrakesOptions {
  readonly clock: Clock;
  /** Called when files are held from now on that were not before. */
  readonly onHeld: (service: string, files: readonly string[]) => void;
  /** `heldOf` says something else now. */
  readonly onChange: (service: string) => void;
  /** Held files have been quiet: they restart the service once, lest the last edit be lost. */
  readonly onQuiet: (service: string, files: readonly string[]) => void;
}

/**
 * Milliseconds after a start in which a change is taken for the work of what was started. A person who saves again and
 * again does so every other second.
 */
const EARLY = 1_000;

/**
 * So many starts in a row, each with an early change of the same file. A change at another time takes one back: it may be
 * an edit, or what is written late on a busy machine.
 */
const STRIKES = 3;

/** Milliseconds between two of these changes after which they are not in a row. Stops may take half of that. */
const ROW = 60_000;

/**
 * Milliseconds without a change after which held files are tried once more: longer than the pause between two saves by
 * hand, or two writes of a generator, and short enough for the person who waits for the last of these saves.
 */
const QUIET = 5_000;

/** Of a file that is not one to be restarted by without further thought. */
type Standing =
  /** Has changed early, in so many starts in a row. */
  | { readonly kind: 'struck'; readonly strikes: number; readonly round: number; readonly at: number }
  /** Causes no restart until it is quiet. */
  | { readonly kind: 'held'; readonly cancel: () => void }
  /** Was quiet, and has caused a restart: what comes early after that is the service's own. */
  | { readonly kind: 'tried'; readonly round: number }
  /** Written by the service itself: nobody else changed it while it was held. */
  | { readonly kind: 'own' };

interface Subject {
  readonly files: Map<string, Standing>;
  /** Instances that are being started, and runs of tasks. */
  open: number;
  /** When the last of them was over. */
  closedAt: number;
  /** Counts the starts that changes have caused. */
  round: number;
  /** Whether a restart was decided that has not begun. */
  isDecided: boolean;
}

const newSubject = (): Subject => ({
  files: new Map(),
  open: 0,
  closedAt: Number.NEGATIVE_INFINITY,
  round: 0,
  isDecided: false,
});

export function createBrakes({ clock, onHeld, onChange, onQuiet }: BrakesOptions): Brakes {
  const subjects = new Map<string, Subject>();
  const subjectOf = (service: string): Subject => {
    const subject = subjects.get(service) ?? newSubject();
    subjects.set(service, subject);
    return subject;
  };

  const hold = (service: string, file: string): void => {
    const { files } = subjectOf(service);
    const cancel = clock.after(QUIET, () => retry(service));
    files.set(file, { kind: 'held', cancel });
  };
  const holdLonger = (service: string): readonly string[] => {
    const { files } = subjectOf(service);
    const held = [...files].flatMap(([file, standing]) => (standing.kind === 'held' ? [file] : []));
    for (const file of held) {
      letGo(files.get(file));
      hold(service, file);
    }
    return held;
  };
  /** All that are held together, so that they cause one restart. */
  const retry = (service: string): void => {
    const subject = subjectOf(service);
    const held = holdLonger(service);
    // What a task has still to write is not known before it has ended.
    if (subject.open > 0) return;
    for (const file of held) {
      letGo(subject.files.get(file));
      subject.files.set(file, { kind: 'tried', round: subject.round + 1 });
    }
    subject.isDecided = true;
    onChange(service);
    onQuiet(service, held);
  };

  return {
    starting: (service) => {
      const subject = subjectOf(service);
      if (subject.isDecided) subject.round += 1;
      subject.isDecided = false;
      subject.open += 1;
      return () => {
        subject.open -= 1;
        subject.closedAt = clock.now();
      };
    },
    see: (service, file) => {
      const subject = subjectOf(service);
      const standing = subject.files.get(file);
      // As long as one of them goes on, the service would only be restarted to be restarted again.
      if (standing?.kind === 'held') holdLonger(service);
      return standing !== undefined && isHeld(standing) ? 'held' : phaseOf(subject, clock.now());
    },
    judge: (service, changes) => {
      const subject = subjectOf(service);
      const now = { round: subject.round, at: clock.now() };
      const restarting: string[] = [];
      const held: string[] = [];
      for (const [file, phase] of changes) {
        const next = judgeChange(subject.files.get(file), phase, now);
        if (next === 'held') held.push(file);
        else if (next === undefined) subject.files.delete(file);
        else subject.files.set(file, next);
        if (next === undefined || (next !== 'held' && !isHeld(next))) restarting.push(file);
      }
      if (restarting.length > 0) subject.isDecided = true;
      for (const file of held) hold(service, file);
      if (restarting.length < changes.size) onChange(service);
      if (held.length > 0) onHeld(service, held);
      return restarting;
    },
    heldOf: (service) =>
      [...(subjects.get(service)?.files ?? [])]
        .flatMap(([file, standing]) => (isHeld(standing) ? [file] : []))
        .sort(),
    release: (service) => {
      const subject = subjects.get(service);
      for (const standing of subject?.files.values() ?? []) letGo(standing);
      subject?.files.clear();
    },
    close: () => {
      for (const { files } of subjects.values()) for (const standing of files.values()) letGo(standing);
      subjects.clear();
    },
  };
}

/** What becomes of a file that has changed; undefined for one of which nothing has to be remembered. */
function judgeChange(
  known: Standing | undefined,
  phase: Phase,
  now: { readonly round: number; readonly at: number },
): Standing | 'held' | undefined {
  if (known !== undefined && isHeld(known)) return known;
  switch (phase) {
    case 'held':
    case 'between':
      return known;
    case 'steady':
      return known?.kind === 'struck' && known.strikes > 1
        ? { ...known, strikes: known.strikes - 1 }
        : undefined;
    case 'early': {
      // Once for each start, however often it is written after that.
      if (known?.round === now.round) return known.kind === 'tried' ? { kind: 'own' } : known;
      const before = known?.kind === 'struck' && now.at - known.at < ROW ? known.strikes : 0;
      return before + 1 < STRIKES ? { kind: 'struck', strikes: before + 1, ...now } : 'held';
    }
  }
}

/** Whether the file restarts nothing. */
const isHeld = (standing: Standing): standing is Extract<Standing, { kind: 'held' | 'own' }> =>
  standing.kind === 'held' || standing.kind === 'own';

const letGo = (standing: Standing | undefined): void => {
  if (standing?.kind === 'held') standing.cancel();
};

function phaseOf({ open, closedAt, isDecided }: Subject, now: number): Phase {
  if (open > 0 || now - closedAt < EARLY) return 'early';
  return isDecided ? 'between' : 'steady';
}
