import type { Diagnostic } from './diagnostic.ts';
import { explainIssues, type Problem } from './issues.ts';
import { checkFields } from './check-fields.ts';
import { contractSchema, type ContractFields } from './schema.ts';
import { find, locate, locateKey, toValue, withoutKeys, type Mapping, type Path } from './tree.ts';

export interface Validation {
  /** Absent when too little is left to go on with. */
  readonly fields?: ContractFields;
  /** What `fields` were made from: without the parts that are wrong. */
  readonly tree: Mapping;
  readonly diagnostics: Diagnostic[];
}

/**
 * Checks a merged contract; `environments` are all that it knows. Where something harmless is wrong (an unknown key, a bad probe), the rest goes on
 * without it, so that one run finds what is wrong elsewhere too.
 */
export function validate(merged: Mapping, environments: readonly string[]): Validation {
  const tree = withoutExtensions(merged);
  const first = contractSchema.safeParse(toValue(tree), { reportInput: true });
  if (first.success) {
    return { fields: first.data, tree, diagnostics: place(checkFields(first.data, environments), tree) };
  }
  const problems = explainIssues(first.error.issues);
  const diagnostics = place(problems, tree);
  if (!problems.every((problem) => isHarmless(problem.path))) return { tree, diagnostics };
  const rest = problems.reduce((left, problem) => without(left, problem.path), tree);
  const second = contractSchema.safeParse(toValue(rest));
  if (!second.success) return { tree, diagnostics };
  const further = checkFields(second.data, environments).filter((problem) => !isAftermath(problem, problems));
  return { fields: second.data, tree: rest, diagnostics: [...diagnostics, ...place(further, rest)] };
}

/** A service that lacks what it runs, because the key was misspelt. */
const isAftermath = ({ path }: Problem, problems: readonly Problem[]): boolean =>
  path[0] === 'services' &&
  path.length === 2 &&
  problems.some((other) => other.at === 'key' && other.path.length === 3 && other.path[1] === path[1]);

/** `x-` keys are the user's own, at the top and in a service. */
function withoutExtensions(tree: Mapping): Mapping {
  const isExtension = (key: string): boolean => key.startsWith('x-');
  const top = withoutKeys(tree, isExtension);
  const services = top.entries.get('services');
  if (services?.value.kind !== 'map') return top;
  const entries = new Map(
    [...services.value.entries].map(([name, entry]) => {
      const value = entry.value.kind === 'map' ? withoutKeys(entry.value, isExtension) : entry.value;
      return [name, { ...entry, value }];
    }),
  );
  const value = { ...services.value, entries };
  return { ...top, entries: new Map([...top.entries, ['services', { ...services, value }]]) };
}

const place = (problems: readonly Problem[], tree: Mapping): Diagnostic[] =>
  problems.map(({ path, at, message, hint }) => ({
    code: 'PR001',
    severity: 'error',
    message,
    hint,
    ...(at === 'key' ? locateKey(tree, path) : locate(tree, path)),
  }));

/** Fields on which other services or the meaning of their own service hang. */
const NEEDED: readonly (string | number | undefined)[] = ['command', 'external', 'kind', 'ports'];

/** Whether the contract means the same to everybody else without what stands at the path. */
function isHarmless(path: Path): boolean {
  const [top, , field] = path;
  if (top === 'services') return path.length > 2 && (!NEEDED.includes(field) || path.length > 4);
  return top !== undefined && top !== 'workspace' && top !== 'version';
}

function without(tree: Mapping, path: Path): Mapping {
  const [step, ...deeper] = path;
  const key = String(step);
  const entry = tree.entries.get(key);
  if (entry === undefined) return tree;
  if (deeper.length === 0 || entry.value.kind !== 'map' || find(entry.value, deeper) === undefined) {
    return withoutKeys(tree, (other) => other === key);
  }
  const value = without(entry.value, deeper);
  return { ...tree, entries: new Map([...tree.entries, [key, { ...entry, value }]]) };
}
