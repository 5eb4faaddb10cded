import { errnoOf, messageOf } from '../../lib/errors.ts';
import { describeSystemError } from '../../lib/system-error.ts';
import type { StartFailure } from '../instance.ts';

/** Why a program could not be executed, from what `spawn` says. */
export function describeStartError(file: string, dir: string, error: unknown): StartFailure {
  switch (errnoOf(error)) {
    case 'ENOENT':
      return notFound(file, dir);
    case 'EACCES':
      // Also what the system says of a bare name when it may not look into some folder of PATH (execvp(3)).
      if (!file.includes('/')) return notFound(file, dir);
      return { message: `${file} may not be executed`, hint: `chmod +x ${file}` };
    default:
      return describeOther(file, error);
  }
}

function describeOther(file: string, error: unknown): StartFailure {
  const words = describeSystemError(error);
  const message = `${file} could not be started: ${words?.message ?? messageOf(error)}`;
  return words?.hint === undefined ? { message } : { message, hint: words.hint };
}

const notFound = (file: string, dir: string): StartFailure => ({
  message: `command not found: ${file}`,
  hint: `is it installed and executable, and in PATH as seen from ${dir}?`,
});
