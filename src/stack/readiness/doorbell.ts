/**
 * Spares connections that would be refused: on Linux, one look at the system's table of sockets (proc(5)) says for all
 * services of a stack whether anything listens on their ports, for the cost of two refused connections.
 */
import { systemClock } from '../../lib/clock.ts';
import { readListenerRows } from '../../lib/proc-net.ts';

export interface Doorbell {
  /**
   * Says whether a connection to the port may be worth it. The table is no proof that nobody answers (a firewall may
   * lead elsewhere): now and then the answer is yes all the same.
   * @param at the time on the clock of whoever asks, milliseconds
   */
  isWorthTrying(port: number, at: number): boolean;
}

export interface DoorbellOptions {
  /** The texts of `/proc/net/tcp` and `tcp6`, whichever there are; undefined where the system has no such thing. */
  readonly read: () => string | undefined;
  /** For what a read takes. Milliseconds on a clock that only goes forward. */
  readonly now: () => number;
}

/** Milliseconds after which a connection is tried whatever the table says. */
const ANYWAY = 2_000;

/**
 * A table is used for so many times as long as it took to read, within these bounds: on a busy machine a read that others
 * interrupted is no dear one. While hundreds of services start somebody asks all the time: reads take a thirtieth of a
 * core then. Milliseconds.
 */
const REST = 29;
const LEAST = 20;
const MOST = 200;

/**
 * Who has been waited for this long (milliseconds) is waited for a little longer: the time that a table is used for grows
 * by itself with every such span in which somebody asked all the time, up to so many times.
 */
const SPAN = 3_000;
const GROWTH = 3;

/** Milliseconds without a question after which nobody waits any more. */
const QUIET = 1_000;

/** A socket that listens on a port: its local address, a remote one, and the state 0A. */
const LISTENS = /^ *\d+: [\dA-F]+:([\dA-F]{4}) [\dA-F]+:[\dA-F]{4} 0A /gm;

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];

/** Ports beyond this many that nobody has asked for in a while are forgotten. */
const MANY = 1_000;

export function createDoorbell({ read: readTable, now }: DoorbellOptions): Doorbell {
  let listening: ReadonlySet<number> | undefined;
  /** The time at which the table was read, and until which it is used. */
  let read = { at: Infinity, until: -Infinity };
  /** The times of the first and the last question since somebody waits. */
  let asked = { from: -Infinity, last: -Infinity };
  /** The time at which a connection to a port was let through although nothing listens there, by port. */
  const tried = new Map<number, number>();

  const look = (at: number): void => {
    const began = now();
    const text = readTable();
    listening =
      text === undefined
        ? undefined
        : new Set([...text.matchAll(LISTENS)].map(([, port = '']) => Number.parseInt(port, 16)));
    const patience = Math.min(GROWTH, 1 + Math.floor((at - asked.from) / SPAN));
    read = { at, until: at + patience * Math.min(MOST, Math.max(LEAST, REST * (now() - began))) };
    if (tried.size <= MANY) return;
    for (const [port, last] of tried) if (last + ANYWAY <= at) tried.delete(port);
  };

  return {
    isWorthTrying: (port, at) => {
      const goesOn = at >= asked.last && at - asked.last <= QUIET;
      asked = { from: goesOn ? asked.from : at, last: at };
      if (at < read.at || at >= read.until) look(at);
      if (listening === undefined || listening.has(port)) {
        tried.delete(port);
        return true;
      }
      const last = tried.get(port);
      if (last !== undefined && at >= last && at - last < ANYWAY) return false;
      tried.set(port, at);
      return true;
    },
  };
}

function readTables(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const text = TABLES.map(readListenerRows).join('\n');
    // Without even its heading, a table cannot be read here.
    return text.trim() === '' ? undefined : text;
  } catch {
    // What cannot be looked at says nothing.
    return undefined;
  }
}

/** The one of this program: the table is the machine's. */
export const doorbell = createDoorbell({ read: readTables, now: () => systemClock.now() });
