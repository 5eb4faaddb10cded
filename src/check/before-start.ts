/** What `dev` says before a service starts: that its port or its variables will not reach it. */
import type { Contract } from '../contract/contract.ts';
import { sortDiagnostics, type Diagnostic } from '../contract/diagnostic.ts';
import { placeFindings } from '../contract/finding.ts';
import { planStack } from '../plan/plan-stack.ts';
import { gatherStartFacts } from './gather.ts';
import { imagineStack } from './imagine.ts';
import { PR029 } from './rules/pr029-turbo-strict.ts';
import { PR032 } from './rules/pr032-lost-port.ts';
import { PR033 } from './rules/pr033-bare-variable.ts';
import { judge } from './severity.ts';

/** Finds what `check` finds by the same rules, without a look at the rest of the workspace. */
export async function findBeforeStart(root: string, contract: Contract): Promise<Diagnostic[]> {
  const { plan } = planStack(contract, imagineStack(contract));
  const facts = await gatherStartFacts(root, contract);
  const found = [PR029, PR032, PR033].flatMap((rule) =>
    placeFindings(contract, rule.id, rule.severity, rule.find?.({ contract, plan, facts }) ?? []),
  );
  return sortDiagnostics(judge(contract, found));
}
