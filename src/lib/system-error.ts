/**
 * Errors of the surroundings, such as a full disk, in words: what the system refused, and what to type. They are no
 * fault of the program, whichever call met them (errno(3)).
 */
import { PortrampError, errnoOf, messageOf } from './errors.ts';
import { shellWord } from './shell-word.ts';

interface Words {
  /** What is the matter. */
  readonly what: string;
  /** What to type or change; `path` where the system named one. */
  readonly hint: (path: string | undefined) => string;
}

const MAKE_ROOM = (path: string | undefined): string =>
  `make room there; "df -h ${path === undefined ? '' : `${shellWord(path)} `}~ /tmp" shows which disk is full`;
const SEE_OWNER = (path: string | undefined): string =>
  path === undefined ? 'see who owns what it needs' : `see who owns it: ls -ld ${shellWord(path)}`;

const WORDS: Readonly<Record<string, Words>> = {
  ENOSPC: { what: 'the disk is full', hint: MAKE_ROOM },
  EDQUOT: { what: 'your share of the disk is used up', hint: MAKE_ROOM },
  EMFILE: {
    what: 'too many files are open in one process',
    hint: () => 'raise the limit in this shell: ulimit -n 4096',
  },
  ENFILE: {
    what: 'too many files are open on this machine',
    hint: () => 'end programs that are not needed, then try again',
  },
  ENOMEM: {
    what: 'the memory is used up',
    hint: () => 'end programs that are not needed, then try again',
  },
  EAGAIN: {
    what: 'no more processes or threads may be started',
    hint: () => 'end programs that are not needed, or raise the limit: ulimit -u',
  },
  E2BIG: {
    what: 'the arguments and environment variables are too large for the system',
    hint: () =>
      'shorten the longest variable (on Linux one may have 128 KiB), or have the program read it from a file',
  },
  EACCES: { what: 'something may not be used by this user', hint: SEE_OWNER },
  EPERM: { what: 'something may not be done by this user', hint: SEE_OWNER },
  EROFS: {
    what: 'the file system is read-only',
    hint: () => 'work in a folder that can be written to, and set PORTRAMP_HOME to one',
  },
  EIO: { what: 'the disk reports an error', hint: () => 'see what the system log says of it: dmesg | tail' },
  ENAMETOOLONG: { what: 'a path is too long', hint: () => 'use a folder nearer to the root' },
  ELOOP: { what: 'symbolic links lead in a circle', hint: SEE_OWNER },
  ENOTDIR: { what: 'a file stands where a folder should be', hint: SEE_OWNER },
  EISDIR: { what: 'a folder stands where a file should be', hint: SEE_OWNER },
};

/** Gives the error in words; undefined when it says nothing about the surroundings, and for errors that have words. */
export function describeSystemError(error: unknown): PortrampError | undefined {
  if (error instanceof PortrampError) return undefined;
  const code = errnoOf(error);
  if (code === undefined) return undefined;
  if (code === 'ENOENT' && fieldOf(error, 'syscall') === 'uv_cwd') {
    return new PortrampError('SYSTEM', 'the folder that this shell is in is gone', {
      hint: 'go to one that is there: cd ~',
      cause: error,
    });
  }
  const words = WORDS[code];
  if (words === undefined) return undefined;
  return new PortrampError('SYSTEM', `${words.what}: ${messageOf(error)}`, {
    hint: words.hint(fieldOf(error, 'path')),
    cause: error,
  });
}

/** A text that Node puts beside the code of a system error. */
function fieldOf(error: unknown, name: 'path' | 'syscall'): string | undefined {
  const value =
    typeof error === 'object' && error !== null && name in error
      ? (error as Readonly<Record<string, unknown>>)[name]
      : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}
