/** What is wrong with a contract and what lies around it, before anything runs: no daemon, no ports, no clock. Pure. */
import type { Contract, EnvFileValues } from '../contract/contract.ts';
import { sortDiagnostics, type Diagnostic } from '../contract/diagnostic.ts';
import { placeFindings } from '../contract/finding.ts';
import { planStack } from '../plan/plan-stack.ts';
import type { Plan } from '../plan/plan.ts';
import { resolveServices } from '../plan/resolve.ts';
import { doubtNames } from './compose-project.ts';
import { NO_FACTS, type Facts } from './facts/facts.ts';
import { imagineLeases, imagineStack } from './imagine.ts';
import type { Scene } from './rules/rule.ts';
import { PR024 } from './rules/pr024-compose-collisions.ts';
import { PR031 } from './rules/pr031-published-ports.ts';
import { RULES } from './rules/rules.ts';
import { judge } from './severity.ts';

/** The contract as it was read for one environment. */
export interface CheckInput {
  /** Absent when too little could be understood; then only what reading found is told. */
  readonly contract?: Contract | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly envFiles: EnvFileValues;
  /** Whether the Compose project has services that are not in the contract because they could not be read. */
  readonly isIncomplete?: boolean;
}

/** Every finding of every environment, each once, in the order of the file; the contract's come first. */
export function checkContract(
  environments: readonly CheckInput[],
  ambient: Readonly<Record<string, string | undefined>>,
  facts: Facts = NO_FACTS,
): Diagnostic[] {
  const scenes: Scene[] = [];
  const found = environments.flatMap(({ contract, diagnostics, envFiles, isIncomplete }) => {
    if (contract === undefined) return [...diagnostics];
    const { plan, diagnostics: planned } = planStack(contract, imagineStack(contract));
    scenes.push({ contract, plan, facts });
    // Nothing of this size can run: the answer should not wait for its references.
    const isTooLarge = planned.some((diagnostic) => diagnostic.code === 'PR009');
    const resolved = isTooLarge ? [] : resolve(contract, plan, envFiles, ambient);
    const ruled = isTooLarge
      ? []
      : RULES.flatMap((rule) => place(rule, contract, rule.find?.({ contract, plan, facts })));
    const names = [...planned, ...resolved];
    const known = isIncomplete === true ? doubtNames(names) : names;
    return judge(contract, [...diagnostics, ...known, ...ruled]);
  });
  const [first] = scenes;
  const once =
    first && RULES.flatMap((rule) => place(rule, first.contract, rule.findOnce?.({ scenes, facts })));
  return sortDiagnostics([...found, ...(first === undefined ? [] : judge(first.contract, once ?? []))]);
}

/** The same for a workspace without a contract: what the files around it say by themselves. */
export const findInProject = (facts: Facts): Diagnostic[] =>
  sortDiagnostics(
    [PR024, PR031].flatMap((rule) =>
      placeFindings(
        { locate: () => NOWHERE },
        rule.id,
        rule.severity,
        rule.findOnce?.({ scenes: [], facts }) ?? [],
      ),
    ),
  );

/** Every finding about a file says where it is. */
const NOWHERE = { file: '', line: 1, column: 1 };

const place = (
  { id, severity }: (typeof RULES)[number],
  contract: Contract,
  findings: Parameters<typeof placeFindings>[3] = [],
): Diagnostic[] => placeFindings(contract, id, severity, findings);

function resolve(
  contract: Contract,
  plan: Plan,
  envFiles: EnvFileValues,
  ambient: Readonly<Record<string, string | undefined>>,
): Diagnostic[] {
  return resolveServices(plan, {
    contract,
    envFiles,
    ambient,
    leases: imagineLeases(plan),
    front: { http: 80 },
    unresolvedVariables: 'note',
  }).diagnostics;
}
