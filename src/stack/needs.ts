/** Whether what a service consumes is there. Pure. */
import type { Condition } from '../contract/contract.ts';
import type { Need } from '../plan/plan.ts';
import type { ServiceState } from './service.ts';

/** A provider as its consumers see it; external ones are always there. */
export type ProviderState =
  | ServiceState
  | { readonly state: 'external' }
  /** Started by whoever connects (`start: request`): there for all who need it. */
  | { readonly state: 'armed' };

export type Verdict =
  /** `passed`: providers that are not ready, and that nobody need wait for any longer. */
  | { readonly kind: 'met'; readonly passed: readonly string[] }
  | { readonly kind: 'pending'; readonly waitingFor: readonly string[] }
  | {
      readonly kind: 'failed';
      readonly need: string;
      readonly message: string;
      /** Advice about the cause; absent where only the need's own log may tell. */
      readonly hint?: string | undefined;
    };

const MET: Verdict = { kind: 'met', passed: [] };

/** A failed provider decides, whatever else is pending. Optional needs are told, not awaited. */
export function judgeNeeds(
  needs: readonly Need[],
  stateOf: (service: string) => ProviderState | undefined,
): Verdict {
  if (needs.length === 0) return MET;
  const waitingFor = new Set<string>();
  const passed = new Set<string>();
  for (const need of needs.filter(({ optional }) => !optional)) {
    const provider = stateOf(need.service);
    if (provider === undefined) continue;
    if (provider.state === 'failed') {
      const { message, hint } = provider.cause;
      return { kind: 'failed', need: need.service, message, ...(hint === undefined ? {} : { hint }) };
    }
    if (isMet(need.condition, provider)) continue;
    if (need.condition === 'ready' && isPassable(provider)) passed.add(need.service);
    else waitingFor.add(need.service);
  }
  return waitingFor.size === 0
    ? { kind: 'met', passed: [...passed] }
    : { kind: 'pending', waitingFor: [...waitingFor] };
}

const MEETS: Record<Condition, readonly ProviderState['state'][]> = {
  started: ['warming', 'ready', 'unwell', 'done', 'external', 'armed'],
  ready: ['ready', 'unwell', 'done', 'external', 'armed'],
  completed: ['done', 'external'],
};

function isMet(condition: Condition, provider: ProviderState): boolean {
  // One that was never ready has nothing that a consumer could go on with.
  const wasReady = provider.state !== 'unwell' || provider.since !== undefined;
  return MEETS[condition].includes(provider.state) && (condition !== 'ready' || wasReady);
}

const isPassable = (provider: ProviderState): boolean =>
  provider.state === 'warming' && provider.found?.passable === true;
