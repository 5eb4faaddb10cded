import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { sha256 } from './hash.ts';

/** Where portramp keeps everything it remembers, and the files in it. */
export interface Home {
  readonly root: string;
  /** A unix socket, or a named pipe on Windows. */
  readonly socket: string;
  /** Set when the socket had to go into a folder of its own, which must be created 0700. */
  readonly socketFolder: string | undefined;
  readonly lock: string;
  /** Held by whoever starts a daemon. */
  readonly spawnLock: string;
  readonly ledger: string;
  /** The port of the front. */
  readonly front: string;
  readonly daemonLog: string;
  /** Settings of the machine. */
  readonly config: string;
  /** Private copies of the package that daemons run from. */
  readonly versions: string;
  /** One folder of logs per stack, named by its slug. */
  readonly logs: string;
  /** Files named by the slug of each stack: when its tasks last succeeded, and how its services last started. */
  readonly tasks: string;
  /** What each run has started: one file a run. */
  readonly runs: string;
  /** What detached runners print: one file a stack. */
  readonly runners: string;
}

/** `sun_path` holds 108 bytes on Linux and 104 on macOS; a longer path is truncated without a word. */
const MAX_SOCKET_PATH = 100;

type Environment = Readonly<Record<string, string | undefined>>;

/** `PORTRAMP_HOME`, else `portramp` in the XDG state folder (XDG Base Directory Specification). */
export function locateHome(environment: Environment = process.env): Home {
  const state = environment['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state');
  const root = resolve(environment['PORTRAMP_HOME'] ?? join(state, 'portramp'));
  const socket = locateSocket(root, environment);
  return {
    root,
    ...socket,
    lock: join(root, 'daemon.lock'),
    spawnLock: join(root, 'spawn.lock'),
    ledger: join(root, 'ledger.json'),
    front: join(root, 'front.json'),
    daemonLog: join(root, 'daemon.log'),
    config: join(root, 'config.yaml'),
    versions: join(root, 'versions'),
    logs: join(root, 'logs'),
    tasks: join(root, 'tasks'),
    runs: join(root, 'runs'),
    runners: join(root, 'runners'),
  };
}

function locateSocket(root: string, environment: Environment): Pick<Home, 'socket' | 'socketFolder'> {
  const name = sha256(root).slice(0, 16);
  if (process.platform === 'win32') {
    return { socket: `\\\\.\\pipe\\portramp-${name}`, socketFolder: undefined };
  }
  const plain = join(root, 'daemon.sock');
  if (Buffer.byteLength(plain) <= MAX_SOCKET_PATH) return { socket: plain, socketFolder: undefined };
  const user = process.getuid?.() ?? 0;
  const short = [environment['XDG_RUNTIME_DIR'], tmpdir(), '/tmp']
    .filter((folder) => folder !== undefined && folder !== '')
    .map((folder) => join(String(folder), `portramp-${user}`, `${name}.sock`))
    .find((path) => Buffer.byteLength(path) <= MAX_SOCKET_PATH);
  const socket = short ?? plain;
  return { socket, socketFolder: join(socket, '..') };
}
