/** What only the runner knows of a service: for `portramp why`. */
import type { Clock } from '../lib/clock.ts';
import { describePid } from '../lib/process-description.ts';
import type { ServiceDetails } from '../protocol/messages.ts';
import { judgeNeeds, type ProviderState } from './needs.ts';
import type { Unit } from './unit.ts';

export async function describeUnit(
  unit: Unit,
  stateOf: (service: string) => ProviderState | undefined,
  clock: Clock,
): Promise<ServiceDetails> {
  const { name, resolved, lastLook } = unit;
  return {
    name,
    ran: unit.generation > 0,
    needs: resolved.needs.map((need) => ({
      service: need.service,
      condition: need.condition,
      optional: need.optional,
      met: judgeNeeds([{ ...need, optional: false }], stateOf).kind === 'met',
    })),
    ...(lastLook === undefined
      ? {}
      : { probe: { problem: lastLook.problem, ago: Math.round(clock.now() - lastLook.at) } }),
    ...tellEnd(unit, clock),
    ...(unit.state.state === 'stopping' ? { remains: await describeRemains(unit) } : {}),
  };
}

/** How what ran has ended, where nothing runs now. */
function tellEnd({ isRunning, lastEnd }: Unit, clock: Clock): Pick<ServiceDetails, 'ended'> {
  if (isRunning || lastEnd === undefined) return {};
  const { at, took, ...how } = lastEnd;
  const ago = Math.round(clock.now() - at);
  return { ended: { ago, ...(took === undefined ? {} : { took: Math.round(took) }), ...how } };
}

/** A group may be large; the first of them say enough. */
const MAX_REMAINS = 10;

async function describeRemains({ instance }: Unit): Promise<ServiceDetails['remains']> {
  const remains = ((await instance?.remains()) ?? []).slice(0, MAX_REMAINS);
  return Promise.all(remains.map(async ({ pid }) => ({ pid, ...(await describePid(pid)) })));
}
