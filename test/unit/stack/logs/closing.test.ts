/** Which lines are a package manager's, and not the program's. */
import { describe, expect, it } from 'vitest';

import { pickLast } from '../../../../src/cli/waiting/last-lines.ts';
import { isClosing, withoutClosing } from '../../../../src/stack/logs/closing.ts';
import { quoteEnd } from '../../../../src/stack/readiness/words.ts';

const OWN = ['> web@1.0.0 dev', '> node server.js', 'TypeError: no such database', 'bye'];

const CLOSINGS: Record<string, readonly string[]> = {
  'npm 11 for a workspace': [
    'npm error Lifecycle script `dev` failed with error:',
    'npm error code 3',
    'npm error path /shop/web',
    'npm error workspace web@1.0.0',
    'npm error location /shop/web',
    'npm error command failed',
    'npm error command sh -c node server.js',
  ],
  'npm 6': [
    'npm ERR! code ELIFECYCLE',
    'npm ERR! errno 1',
    'npm ERR! web@1.0.0 dev: `node server.js`',
    'npm ERR! Exit status 1',
    'npm ERR! ',
    'npm ERR! Failed at the web@1.0.0 dev script.',
    'npm ERR! This is probably not a problem with npm. There is likely additional logging output above.',
    '',
    'npm ERR! A complete log of this run can be found in:',
    'npm ERR!     /home/me/.npm/_logs/2020-10-02T18_30_46_552Z-debug.log',
  ],
  'npm 11 about its log': [
    'npm error signal SIGTERM',
    'npm error A complete log of this run can be found in: /root/.npm/_logs/2026-12-01T01_14_41_580Z-debug-0.log',
  ],
  pnpm: [
    '\u2009ELIFECYCLE\u2009 Command failed with exit code 3.',
    '\u001B[41m\u001B[30m\u2009ELIFECYCLE\u2009\u001B[39m\u001B[49m \u001B[31mCommand failed.\u001B[39m',
    '\u2009ERR_PNPM_RECURSIVE_RUN_FIRST_FAIL\u2009 web@1.0.0 dev: `node server.js`',
    'Exit status 3',
  ],
  'Yarn 1': [
    'error Command failed with exit code 1.',
    'error Command failed with signal "SIGTERM".',
    'info Visit https://yarnpkg.com/en/docs/cli/run for documentation about this command.',
  ],
  'Yarn 4 for several': [
    '➤ YN0000: The command failed in workspace web@workspace:web with exit code 127',
    'Failed with errors in 3m 17s',
  ],
  bun: ['error: script "dev" exited with code 3', 'web dev: Exited with code 3'],
  'several at once': ['[0] npm error code 1', '[web] npm error command failed', 'web:dev: npm ERR! errno 1'],
};

describe.each(Object.entries(CLOSINGS))('what %s prints last', (_, closing) => {
  it('is left out of what is shown, published and quoted', () => {
    const log = [...OWN, ...closing, ...closing];
    expect(pickLast(log)).toEqual(OWN);
    expect(withoutClosing(log).filter((line) => line !== '')).toEqual(OWN);
    expect(quoteEnd(log)).toBe('TypeError: no such database');
  });

  it('is shown where there is nothing else', () => {
    expect(pickLast(closing)).toEqual(closing.filter((line) => line !== ''));
    expect(quoteEnd(closing)).toBeDefined();
  });
});

it.each([
  'npm error Missing script: "dev"',
  'npm error To see a list of scripts, run:',
  'npm error code ENOENT',
  'npm error enoent Could not read package.json: Error: ENOENT: no such file or directory',
  'npm warn exec The following package was not found',
  'error Command "dev" not found.',
  'Command failed: git status',
  'the path /shop/web',
  'error: script "dev" not found',
  '\u2009WARN\u2009  Local package.json exists, but node_modules missing, did you mean to install?',
])('%s says why', (line) => expect(isClosing(line)).toBe(false));
