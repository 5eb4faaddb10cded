/**
 * What a pass of verification asks the operating system, and the one place where the way of asking is chosen.
 * Everything here blocks: it runs in a thread of its own.
 */
import type { ProcessFacts } from '../owner.ts';
import { createLinuxSystem } from './linux.ts';
import { createMacosSystem } from './macos.ts';
import { createWindowsSystem } from './windows.ts';

/** A TCP socket that listens. */
export interface Listener {
  /** Names the socket for as long as it exists: an inode where there are inodes. */
  readonly id: string;
  readonly address: string;
  readonly port: number;
  /** User id of its creator, where the system tells. */
  readonly user?: number;
}

export interface System {
  /** Every listening TCP socket of the machine. */
  listListeners(): Listener[];
  /**
   * A text that is another one when there are more or fewer TCP sockets that listen or are connected, for a hundredth of
   * what it costs to list them. Undefined where the system has no such thing.
   */
  countSockets(): string | undefined;
  /** Every process that is not a zombie. */
  listProcesses(): ProcessFacts[];
  /** One process, now. */
  readProcess(pid: number): ProcessFacts | undefined;
  /**
   * Which processes have these sockets open, as far as this user may see. `first` are looked at before all others,
   * which are left out when every socket has been found.
   */
  findHolders(sockets: ReadonlySet<string>, first: readonly number[]): Map<string, number[]>;
  /** The value of PORTRAMP_RUN, where it can be seen. */
  readMarker(pid: number): string | undefined;
  describe(pid: number): { readonly command?: string; readonly cwd?: string };
  /**
   * Milliseconds of a core that this thread has taken so far. Where the system does not tell, the time of day: what
   * blocks takes no more than that.
   */
  readCpuTime(): number;
}

export function createSystem(platform: NodeJS.Platform = process.platform): System {
  if (platform === 'win32') return createWindowsSystem();
  return platform === 'linux' ? createLinuxSystem() : createMacosSystem();
}
