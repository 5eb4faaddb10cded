/** Why a file could not be read, in words that follow its name. Pure. */
import { errnoOf } from '../lib/errors.ts';

export const ABSENT = 'does not exist';

export function describeFailure(error: unknown): string {
  const code = errnoOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return ABSENT;
  if (code === 'EISDIR') return 'is a folder';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user';
  return `cannot be read (${code ?? 'unknown error'})`;
}
