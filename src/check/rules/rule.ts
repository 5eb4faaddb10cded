import type { Contract, ProcessService } from '../../contract/contract.ts';
import type { Severity } from '../../contract/diagnostic.ts';
import type { Finding } from '../../contract/finding.ts';
import type { RuleId } from '../../contract/rule-ids.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Facts } from '../facts/facts.ts';

/** One rule of `portramp check`: what it says about itself, and one small pure function that finds. */
export interface Rule {
  readonly id: RuleId;
  readonly severity: Severity;
  /** What it finds, as the rule table says it. */
  readonly title: string;
  /** Why that matters and what to do about it, for `--explain`. */
  readonly reasoning: string;
  /**
   * Looks at one environment. Absent where `dev` needs the answer too: then reading the contract, planning or
   * resolving finds it, under the same id.
   */
  readonly find?: (scene: Scene) => Finding[];
  /** Looks at the workspace as a whole, once for all environments. */
  readonly findOnce?: (survey: Survey) => Finding[];
}

/** The contract in one environment, in the main checkout. */
export interface Scene {
  readonly contract: Contract;
  readonly plan: Plan;
  readonly facts: Facts;
}

export interface Survey {
  /** Every environment, `dev` first. */
  readonly scenes: readonly Scene[];
  readonly facts: Facts;
}

/** Whether a new instance is started beside the old one, on a port of its own. */
export const overlaps = ({ transition }: ProcessService): boolean => transition.strategy !== 'replace';

/** Services that are started here, with the ports that they open. */
export const processesOf = ({ services }: Contract) =>
  [...services.values()].filter((service) => service.kind === 'process');
