/** What all branches share, for a command of Compose: started before what depends on it, and reachable from there. */
import { selectStarted } from '../../compose/selection.ts';
import { nameInContract } from '../../contract/called.ts';
import { PortrampError } from '../../lib/errors.ts';
import { listContainers } from '../../runtime/compose/containers.ts';
import { explainFailure } from '../../runtime/compose/failure.ts';
import { joinNetworks } from '../../runtime/compose/network.ts';
import { runCompose, type ComposeCall } from '../../runtime/compose/resolve.ts';
import { upShared } from '../../runtime/compose/start.ts';
import type { StartFailure } from '../../runtime/instance.ts';
import type { ResolvedService } from '../../plan/plan.ts';
import type { PreparedStack } from '../prepare.ts';
import { networksFor, networksOf, sharedNeedsOf } from './networks.ts';
import type { SharedProject } from './projects.ts';

export interface SharedStart {
  readonly prepared: PreparedStack;
  readonly shared: SharedProject;
  /** Of the stack's own project, as the command is called. */
  readonly own: ComposeCall;
  /** Services that the command names; none: all. */
  readonly named: readonly string[];
  readonly findConflict: (port: number) => Promise<string | undefined>;
}

/** Milliseconds: images may have to be pulled or built first. */
const START_TIMEOUT = 30 * 60_000;

/** The services that the command starts and that need something shared. */
function consumersOf({ prepared, own, named }: SharedStart): ResolvedService[] {
  const { project } = prepared.compose ?? {};
  if (project === undefined) return [];
  const started = selectStarted(project, named, own.profiles);
  return [...prepared.services.values()].filter(
    ({ name, service }) =>
      service.kind === 'compose' && started.has(service.compose) && sharedNeedsOf(prepared, name).length > 0,
  );
}

/**
 * Starts what the command needs, and waits until it is healthy. What a person should know of it.
 * @throws PortrampError PORT_TAKEN, ENGINE_UNREACHABLE
 */
export async function startShared(start: SharedStart): Promise<string[]> {
  const { prepared, shared } = start;
  const needed = new Set(consumersOf(start).flatMap(({ name }) => sharedNeedsOf(prepared, name)));
  const differences: string[] = [];
  for (const service of needed) {
    const say = (text: string): void => void differences.push(`${service} ${text}`);
    const spec = specFor(start, service);
    demand(await shared.users.begin(service, (others) => upShared(shared.call, spec, others, say)));
    // What others had started stays as it is.
    const words = ['up', '--detach', '--no-recreate', '--wait', service];
    const { code, stderr } = await runCompose(shared.call, words, { timeout: START_TIMEOUT });
    if (code !== 0) demand(explainFailure(stderr, code, spec.nameOf));
  }
  const shares = [...needed].map(
    (service) => `${service} is shared by all branches: "portramp down" lets go of it`,
  );
  return [...shares, ...differences];
}

/** Makes the containers that are not there yet, and puts all of them where they find what is shared. */
export async function reachShared(start: SharedStart): Promise<void> {
  const { prepared, own } = start;
  const consumers = consumersOf(start).flatMap(({ name, service }) =>
    service.kind === 'compose' ? [{ service: service.compose, networks: networksFor(prepared, name) }] : [],
  );
  if (consumers.length === 0) return;
  const before = await listContainers(own);
  const missing = consumers.filter((each) => !before.some(({ service }) => service === each.service));
  if (missing.length > 0) {
    const words = ['create', ...missing.map(({ service }) => service)];
    const { code, stderr } = await runCompose(own, words, { timeout: START_TIMEOUT });
    if (code !== 0) demand(explainFailure(stderr, code));
  }
  const containers = missing.length > 0 ? await listContainers(own) : before;
  for (const { service, networks } of consumers) {
    const names = containers.filter((each) => each.service === service).map(({ name }) => name);
    demand(await joinNetworks(own, networks, names));
  }
}

function specFor({ prepared, findConflict }: SharedStart, composeName: string) {
  const declared = [...prepared.services.values()].map(({ service }) => service);
  const nameOf = (service: string): string => nameInContract(service, declared);
  const name = nameOf(composeName);
  const found = prepared.services.get(name);
  const numbers = (found?.ports ?? []).map(({ targetPort }) => targetPort);
  return {
    name,
    service: composeName,
    nameOf,
    ownNetworks: networksOf(prepared).get(name)?.own ?? [],
    numbers,
    findConflict: async (own: ReadonlySet<number>): Promise<StartFailure | undefined> => {
      const taken: string[] = [];
      for (const number of numbers.filter((each) => !own.has(each))) {
        const holder = await findConflict(number);
        if (holder !== undefined) taken.push(`port ${number} of ${name} is held by ${holder}`);
      }
      return taken.length === 0 ? undefined : { message: taken.join('; ') };
    },
  };
}

function demand(failure: StartFailure | undefined): void {
  if (failure === undefined) return;
  throw new PortrampError('ENGINE_UNREACHABLE', failure.message, { hint: failure.hint });
}
