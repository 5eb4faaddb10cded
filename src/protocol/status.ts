/**
 * The status of a service in the words of people, and what each means for a command that waits. One table: what `ls`, `wait`,
 * `dev -d`, `why` and the pages say of one service cannot differ. Pure.
 */
import type { PublishedService, ServiceStateName } from './messages.ts';

export type Status =
  | 'starting'
  | 'ready'
  /** Its process runs, and nothing of its own listens: nobody knows whether anything ever will. */
  | 'running'
  /** It listens, but not where it is looked for. */
  | 'misplaced'
  /** It runs and does not answer (any more). */
  | 'unwell'
  | 'restarting'
  | 'stopping'
  | 'stopped'
  /** It is started by the first request. */
  | 'sleeping'
  | 'failed'
  | 'done'
  /** It is run by somebody else. */
  | 'external';

export interface Meaning {
  /** What it is for is there: `wait` ends with exit code 0. */
  readonly isUp: boolean;
  /** Nothing changes by itself soon: `dev -d` waits no longer. */
  readonly isSettled: boolean;
  /** Something is wrong: `dev -d` and `why` end with exit code 1. */
  readonly isWrong: boolean;
  /** It stays so until somebody does something: neither `dev -d` nor `wait` waits for anything else. */
  readonly isFinal: boolean;
}

const ON_ITS_WAY: Meaning = { isUp: false, isSettled: false, isWrong: false, isFinal: false };
const AT_REST: Meaning = { ...ON_ITS_WAY, isSettled: true };
const UP: Meaning = { ...AT_REST, isUp: true };
const WRONG: Meaning = { ...AT_REST, isWrong: true };
const LOST: Meaning = { ...WRONG, isFinal: true };

export const MEANINGS: Readonly<Record<Status, Meaning>> = {
  starting: ON_ITS_WAY,
  ready: UP,
  running: AT_REST,
  misplaced: LOST,
  unwell: WRONG,
  restarting: ON_ITS_WAY,
  stopping: ON_ITS_WAY,
  stopped: AT_REST,
  sleeping: AT_REST,
  failed: LOST,
  done: UP,
  external: UP,
};

/** Tells what a runner of an older version means, which publishes no status. */
const BY_STATE: Readonly<Record<ServiceStateName, Status>> = {
  idle: 'stopped',
  waiting: 'starting',
  starting: 'starting',
  warming: 'starting',
  ready: 'ready',
  unwell: 'unwell',
  backoff: 'restarting',
  stopping: 'stopping',
  failed: 'failed',
  done: 'done',
  external: 'external',
};

/** States in which a process or a container is there that may have the ports of its service. */
const LISTENING: readonly ServiceStateName[] = ['warming', 'ready', 'unwell', 'stopping'];

/** Tells whether what listens on a port of the service may be the service itself. */
export const mayListen = ({ state }: Pick<PublishedService, 'state'>): boolean => LISTENING.includes(state);

const isStatus = (word: string): word is Status => Object.hasOwn(MEANINGS, word);

/** The status of a published service; a word of a newer runner counts as its state does. */
export const statusOf = ({ status, state }: Pick<PublishedService, 'status' | 'state'>): Status =>
  status !== undefined && isStatus(status) ? status : BY_STATE[state];

export const meaningOf = (service: Pick<PublishedService, 'status' | 'state'>): Meaning =>
  MEANINGS[statusOf(service)];
