/** What a running stack would do on the way from one contract to the other. */
import { diffServices } from '../../plan/diff.ts';
import type { Change, ResolvedService } from '../../plan/plan.ts';
import { resolveServices } from '../../plan/resolve.ts';
import { imagineLeases } from '../imagine.ts';
import type { View } from './view.ts';

export interface Step {
  readonly service: string;
  readonly action: 'stop' | 'start' | 'restart' | 'reroute';
  /** Why, for a restart: the fields that differ in what would be launched. */
  readonly fields: readonly string[];
}

/** Stops first, consumers before providers; then the rest, providers before consumers. Not renamed. */
export function planSteps(before: View, after: View): Step[] {
  const leases = imagineLeases(before.plan, after.plan);
  const resolve = ({ contract, plan }: View): Map<string, ResolvedService> =>
    resolveServices(plan, {
      contract,
      leases: new Map(
        [...plan.services.values()].map(({ name, ports }) => [
          name,
          new Map(ports.map((port) => [port.name, port.static ?? leases.get(name)?.get(port.name) ?? 0])),
        ]),
      ),
      front: { http: 80 },
      ambient: {},
      envFiles: new Map(),
      unresolvedVariables: 'note',
    }).services;
  const changes = diffServices(resolve(before), resolve(after));
  const stops = changes.filter((change) => change.kind === 'removed').toReversed();
  return [...stops, ...changes.filter((change) => change.kind !== 'removed')].flatMap((change) => {
    const action = actionOf(change);
    return action === undefined ? [] : [{ service: change.service, action, fields: change.fields }];
  });
}

function actionOf({ kind, impact }: Change): Step['action'] | undefined {
  if (kind === 'removed') return 'stop';
  if (kind === 'added') return 'start';
  return impact === 'none' ? undefined : impact;
}
