import type { z } from 'zod';

import { suggest } from '../lib/suggest.ts';
import { translate } from './other-words.ts';
import type { Path } from './tree.ts';

/** Something wrong with the value at a path, or with the key itself. */
export interface Problem {
  readonly path: Path;
  readonly at: 'key' | 'value';
  readonly message: string;
  readonly hint: string;
}

type Issue = z.core.$ZodIssue;

/** What zod found, in the contract's words. */
export const explainIssues = (issues: readonly Issue[]): Problem[] =>
  issues.flatMap((issue) => explain(issue, []));

function explain(issue: Issue, above: Path): Problem[] {
  const path = [...above, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  if (issue.code === 'unrecognized_keys') {
    const known = issue.message.split(' ');
    return issue.keys.map((key) => explainUnknownKey(key, known, path));
  }
  if (issue.code === 'invalid_union') return explainUnion(issue, path);
  if (issue.code === 'invalid_key') {
    const [inner] = issue.issues;
    return [{ path, at: 'key', ...explainText(inner ?? issue, path) }];
  }
  if ((issue.code === 'invalid_type' || issue.code === 'invalid_value') && issue.input === undefined) {
    const [key] = path.slice(-1);
    return [
      {
        path,
        at: 'key',
        message: `${nameOf(path.slice(0, -1))} lacks "${key}"`,
        hint: `add ${EXAMPLES[String(key)] ?? `${key}: …`}`,
      },
    ];
  }
  return [{ path, at: 'value', ...explainText(issue, path) }];
}

/** Examples for the keys that every contract has. */
const EXAMPLES: Readonly<Record<string, string>> = {
  version: 'version: 1',
  workspace: 'workspace: NAME',
  services: 'services: { api: { command: npm run dev } }',
};

/** Of several forms the one counts that the value was meant to have: whose outermost type fits. */
function explainUnion(issue: Extract<Issue, { code: 'invalid_union' }>, path: Path): Problem[] {
  const fitting = issue.errors.filter((errors) => !errors.some(isOtherForm));
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return only.flatMap((inner) => explain(inner, path));
  return [{ path, at: 'value', ...explainText(issue, path) }];
}

const isOtherForm = (issue: Issue): boolean =>
  issue.path.length === 0 &&
  (issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union');

function explainUnknownKey(key: string, known: readonly string[], path: Path): Problem {
  const nearest = translate(key, known) ?? suggest(key, known);
  const later = LATER.has(key) ? `"${key}" is not supported by this version of portramp` : undefined;
  const meant =
    nearest === undefined ? `the keys here are: ${known.join(', ')}` : `did you mean "${nearest}"?`;
  return {
    path: [...path, key],
    at: 'key',
    message: `unknown key "${key}" in ${nameOf(path)}`,
    hint: later ?? meant,
  };
}

function explainText(issue: Issue, path: Path): { message: string; hint: string } {
  const [said = '', hint] = issue.message.split('\n');
  // Texts of zod's own stand where the schema says nothing better: a map or list of the wrong type.
  const message = hint === undefined ? said.replace(/^Invalid input: /, '') : said;
  const got = issue.code === 'invalid_type' ? `, and this is ${kindOf(issue.input)}` : '';
  return {
    message: `${nameOf(path)}: ${message.replace(/, received .*$/, '')}${got}`,
    hint: commandFor(issue, path) ?? hint ?? 'see the reference of the contract: portramp schema',
  };
}

/** A service that is written as its command alone. */
function commandFor(issue: Issue, path: Path): string | undefined {
  const [top, name, ...below] = path;
  const isService = top === 'services' && name !== undefined && below.length === 0;
  if (!isService || issue.code !== 'invalid_type' || typeof issue.input !== 'string') return undefined;
  return `write ${name}: { command: ${JSON.stringify(issue.input)} }`;
}

/** `services.api.ports`, as a reader would look for it. */
export const nameOf = (path: Path): string => (path.length === 0 ? 'the contract' : path.join('.'));

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'boolean') return String(value);
  return 'a number';
}

/** Keys that the format has in store. */
const LATER: ReadonlySet<string> = new Set('alias checkout compose container https tls tty'.split(' '));
