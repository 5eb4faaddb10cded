/** Questions to git about revisions, and what to type where git has no answer. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { environmentForGit } from '../../lib/git.ts';
import { errnoOf, PortrampError } from '../../lib/errors.ts';
import { suggest } from '../../lib/suggest.ts';

/** Bytes; `load.ts` has the same limit for files. */
const MAX_SIZE = 16 * 1024 * 1024;

/** Milliseconds that git may take. */
const TIMEOUT = 30_000;

/** `said`: what git prints about an error. */
type Answer = { readonly text: string } | { readonly said: string };

/** Asks git. @throws PortrampError REVISION_UNREADABLE without git, TIMEOUT where it was ended */
async function ask(cwd: string, args: readonly string[]): Promise<Answer> {
  try {
    const options = { cwd, env: environmentForGit(), timeout: TIMEOUT, maxBuffer: MAX_SIZE };
    const { stdout } = await promisify(execFile)('git', args, options);
    return { text: stdout };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT')
      throw new PortrampError('REVISION_UNREADABLE', 'git was not found', { hint: 'install git' });
    const { signal, stderr } = error as { signal?: unknown; stderr?: unknown };
    if (typeof signal === 'string')
      throw new PortrampError('TIMEOUT', `git was ended by ${signal} in ${cwd}`, { hint: 'try again' });
    return { said: typeof stderr === 'string' ? stderr : '' };
  }
}

/** Reads what git prints, or undefined where it fails. @throws PortrampError as `ask` does */
export async function askRevision(cwd: string, args: readonly string[]): Promise<string | undefined> {
  const answer = await ask(cwd, args);
  return 'text' in answer ? answer.text : undefined;
}

/** Finds the commit that a revision stands for. @throws PortrampError REVISION_UNREADABLE with what to do */
export async function resolveCommit(folder: string, revision: string): Promise<string> {
  return (await commitOf(folder, revision)) ?? Promise.reject(await explainUnknown(folder, revision));
}

async function commitOf(folder: string, revision: string): Promise<string | undefined> {
  const words = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
  return (await askRevision(folder, words))?.trim();
}

async function explainUnknown(folder: string, revision: string): Promise<PortrampError> {
  const report = (message: string, hint: string): PortrampError =>
    new PortrampError('REVISION_UNREADABLE', message, { hint });
  const repository = await ask(folder, ['rev-parse', '--git-dir']);
  if ('said' in repository) {
    // Git says it in full where the folder belongs to another user (safe.directory in git-config(1)).
    const [trust] = /git config --global --add safe\.directory .+/.exec(repository.said) ?? [];
    return trust === undefined
      ? report(`${folder} is not in a git repository`, 'revisions come from git: run this in a checkout')
      : report(`git does not read ${folder}, which belongs to another user`, trust);
  }
  const refs = ((await askRevision(folder, ['for-each-ref', '--format=%(refname:short)'])) ?? '')
    .split('\n')
    .filter((ref) => ref !== '');
  if (refs.length === 0 && (await commitOf(folder, 'HEAD')) === undefined)
    return report(
      `the git repository of ${folder} has no commit yet`,
      'git add portramp.yaml && git commit -m "The contract"',
    );
  const unknown = `git knows no revision "${revision}"`;
  // A branch that was fetched and never checked out has the name of its remote only.
  const near = refs.find((ref) => ref.endsWith(`/${revision}`)) ?? suggest(revision, refs);
  if (near !== undefined) return report(unknown, `did you mean "${near}"?`);
  const shallow = await askRevision(folder, ['rev-parse', '--is-shallow-repository']);
  return shallow?.trim() === 'true'
    ? report(
        unknown,
        'a shallow clone has few of them: fetch it first, in GitHub Actions with fetch-depth: 0',
      )
    : report(
        unknown,
        'name a commit, a branch or a tag: "git branch --all" and "git tag" list what there is',
      );
}
