/** From a resolved service to a running instance: ports looked at, flags added, environment put together. */
import { domainsOf, toldPort } from '../plan/address.ts';
import { mayHear, withFrameworkFlags } from '../plan/framework.ts';
import type { ResolvedPort, ResolvedService } from '../plan/plan.ts';
import type { PortHolder } from '../protocol/messages.ts';
import type { Clock } from '../lib/clock.ts';
import { PortrampError } from '../lib/errors.ts';
import { childEnvironment } from '../runtime/environment.ts';
import type { ProcessSpec, StartFailure, StartResult } from '../runtime/instance.ts';
import { startProcess } from '../runtime/process/start.ts';
import { openPackage } from './packages.ts';
import type { LaunchResult } from './replica-options.ts';
import { describeTaken, holdersThatStay, type AskHolders, type SeenHolder } from './taken.ts';
import type { Judgement, TaskRecord } from './tasks/record.ts';

export interface LaunchOptions {
  /** As it is now: its numbers may change while it is launched. */
  readonly service: () => ResolvedService;
  /** The shell's environment. */
  readonly ambient: Readonly<Record<string, string | undefined>>;
  readonly marker: string;
  /** Whether what the service prints reaches a terminal with colours. */
  readonly color: boolean;
  readonly holdersOf: AskHolders;
  readonly clock: Clock;
  /** Gives a port another number (`onConflict: reassign`); false when it keeps the one it has. */
  readonly reassign: (port: string, holder: PortHolder | undefined) => Promise<boolean>;
  /** Looks for the service where it is told to listen again, although it listened elsewhere the last time. */
  readonly forget: (port: string) => Promise<void>;
  readonly onOutput: ProcessSpec['onOutput'];
  readonly tasks: TaskRecord;
  /** A task runs even if it has nothing to do. */
  readonly forced: boolean;
}

/** How often a number may turn out to be taken while another is being found. */
const MAX_MOVES = 5;

/** A task that has nothing to do is skipped; one that succeeds is remembered. */
export async function launch(options: LaunchOptions): Promise<LaunchResult> {
  const judgement = await judge(options);
  if (judgement instanceof PortrampError) return fail({ message: judgement.message, ...hintOf(judgement) });
  if (judgement?.isDone === true) return { skipped: true };
  const result = await start(options);
  if (!result.ok || judgement === undefined) return result;
  const { instance } = result;
  void instance.exited.then(({ code }) => (code === 0 ? judgement.succeed() : undefined));
  return result;
}

/** Whether it has anything to do, or why that cannot be told. A task that is forced runs whatever was before. */
async function judge({
  tasks,
  service,
  forced,
}: LaunchOptions): Promise<Judgement | PortrampError | undefined> {
  try {
    return await tasks.judge(service(), forced);
  } catch (error) {
    if (error instanceof PortrampError) return error;
    throw error;
  }
}

/** A leased port that somebody else holds is a failure: the service would not get it, or share it unknowingly. */
async function start(options: LaunchOptions): Promise<StartResult> {
  await forgetTaken(options);
  const conflict = await settleConflicts(options);
  if (conflict !== undefined) return fail(conflict);
  const resolved = options.service();
  const { service: contract } = resolved;
  if (contract.kind === 'external' || contract.kind === 'compose') {
    return fail({ message: `a service of the kind ${contract.kind} is not started as a process` });
  }
  return startProcess({
    command: withFlags(resolved),
    dir: resolved.dir,
    env: childEnvironment(
      options.ambient,
      { ...resolved, env: heard(resolved) },
      {
        marker: options.marker,
        color: options.color,
        resolveLocalhost: contract.resolve === 'portramp',
        domains: domainsOf(resolved),
      },
    ),
    stop: contract.stop,
    marker: options.marker,
    onOutput: options.onOutput,
  });
}

/** A number on which the service listened the last time may be another's now: that one must not be taken for it. */
async function forgetTaken({ service, holdersOf, forget }: LaunchOptions): Promise<void> {
  for (const { name, leased, targetPort } of service().ports) {
    if (leased === undefined) continue;
    const holders = await holdersOf(targetPort);
    if (holders !== undefined && holders.length > 0) await forget(name);
  }
}

/** What stands in the way of its ports, after all that the contract allows to be done about it. */
async function settleConflicts(options: LaunchOptions): Promise<StartFailure | undefined> {
  for (let moves = 0; ; moves += 1) {
    const { service, ports } = options.service();
    const taken = await findTaken(ports, options);
    if (taken === undefined) return undefined;
    const mayMove = service.kind === 'process' && service.transition.onConflict === 'reassign';
    const isMoved =
      mayMove && moves < MAX_MOVES && (await options.reassign(taken.port.name, taken.holders[0]));
    if (!isMoved) return describeTaken(toldPort(taken.port), taken.port.name, taken.holders);
  }
}

async function findTaken(
  ports: readonly ResolvedPort[],
  { holdersOf, clock }: LaunchOptions,
): Promise<{ readonly port: ResolvedPort; readonly holders: readonly SeenHolder[] } | undefined> {
  for (const port of ports) {
    if (port.listener === 'external') continue;
    const holders = await holdersThatStay(toldPort(port), holdersOf, clock);
    if (holders !== undefined && holders.length > 0) return { port, holders };
  }
  return undefined;
}

const hintOf = ({ hint }: PortrampError): { readonly hint?: string } => (hint === undefined ? {} : { hint });

const fail = (failure: StartFailure): StartResult => ({ ok: false, failure });

/** Some dev servers ignore `PORT`; what they run is in the package.json of the service's folder, or of another. */
function withFlags({ command, dir, ports }: ResolvedService): string | readonly string[] {
  const port = ports.find((one) => one.primary) ?? ports[0];
  if (port === undefined) return command;
  return withFrameworkFlags(command, openPackage(dir), { host: '127.0.0.1', port: toldPort(port) });
}

/** The environment without variables that would end the program, unless the contract itself sets them. */
function heard({ service, command, dir, env }: ResolvedService): Readonly<Record<string, string>> {
  const own = service.kind === 'process' ? service.env : {};
  const scope = openPackage(dir);
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => Object.hasOwn(own, name) || mayHear(name, command, scope)),
  );
}
