/** `PORTRAMP=0 portramp dev`: the commands as they are written, without ports, names, supervision or a daemon. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { calledOf } from '../../contract/called.ts';
import { ContractError } from '../../contract/contract-error.ts';
import type { Contract, Service } from '../../contract/contract.ts';
import { loadContract } from '../../contract/load.ts';
import { systemClock } from '../../lib/clock.ts';
import { startTimeOf } from '../../lib/process-identity.ts';
import { planStack } from '../../plan/plan-stack.ts';
import { selectServices } from '../../plan/order.ts';
import type { StackKey } from '../../protocol/messages.ts';
import { trackRemains } from '../../runtime/process/remains.ts';
import { signalRemains } from '../../runtime/process/signals.ts';
import { survey } from '../../runtime/process/survey.ts';
import { unknownService } from '../daemon-access.ts';
import { notice } from '../terminal.ts';
import { stopOnSignals } from './signals.ts';

/** Runs the services until all have ended, or a signal ends them. Resolves with the exit code to use. */
export async function runUntouched(key: StackKey, names: readonly string[]): Promise<number> {
  const { contract, diagnostics } = await loadContract(key.root, {
    environment: key.environment,
    personal: true,
  });
  if (contract === undefined) throw new ContractError(diagnostics);
  const { plan } = planStack(contract, anonymousStack(key, contract));
  const selection = selectServices(plan, names);
  const [unknown] = selection.unknown;
  if (unknown !== undefined)
    throw unknownService(unknown.name, [...contract.services.values()].map(calledOf));
  const groups: Group[] = [];
  let isAsked = false;
  // Before the first of them starts: a signal that comes then must not leave it behind.
  const release = stopOnSignals(
    ({ now }) => {
      isAsked = true;
      for (const group of groups) group.stop({ now });
    },
    { readsOutput: false },
  );
  for (const name of selection.names) {
    const service = contract.services.get(name);
    if (service !== undefined && isCommand(service)) groups.push(startGroup(key.root, service));
  }
  const codes = await Promise.all(groups.map(({ ended }) => ended));
  release();
  return isAsked || codes.every((code) => code === 0) ? 0 : 1;
}

type Command = Exclude<Service, { kind: 'external' | 'compose' }>;

const isCommand = (service: Service): service is Command =>
  service.kind === 'process' || service.kind === 'task';

/** A command with everything that it starts. */
interface Group {
  stop(options: { readonly now: boolean }): void;
  /** Resolves with the exit code of the command, when nothing of the group is left. */
  readonly ended: Promise<number>;
}

/** Milliseconds between two looks at what is left. */
const LOOK = 50;

/** In a group of its own, as in a supervised run: a signal to a shell or to npm does not reach what it started. */
function startGroup(root: string, service: Command): Group {
  const { name, command, dir, stop } = service;
  const shell = typeof command === 'string';
  const [file = '', ...args] = typeof command === 'string' ? [command] : command;
  const detached = process.platform !== 'win32';
  const child = spawn(file, args, { cwd: join(root, dir), shell, detached, stdio: 'inherit' });
  const { pid } = child;
  // One that has ended already has no start time; its group may go on.
  const remains = pid === undefined ? undefined : trackRemains({ pid, startTime: startTimeOf(pid) ?? '' });
  const isLeft = async (): Promise<boolean> =>
    remains !== undefined && remains.look(await survey.take()).length > 0;
  let cancelDeadline: (() => void) | undefined;
  let isKilled = false;
  const stopGroup: Group['stop'] = ({ now }) => {
    isKilled ||= now;
    cancelDeadline ??= systemClock.after(stop.timeout, () => stopGroup({ now: true }));
    const signal = isKilled ? 'SIGKILL' : stop.signal;
    if (!detached) child.kill(signal);
    else if (remains !== undefined) void signalRemains([remains], signal);
  };
  const exited = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      notice(`${name}: ${error.message}`);
      resolve(127);
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
  const ended = exited.then(async (code) => {
    if (cancelDeadline === undefined && (await isLeft())) stopGroup({ now: false });
    while (await isLeft()) {
      if (isKilled) stopGroup({ now: true });
      await pause(LOOK);
    }
    cancelDeadline?.();
    return code;
  });
  return { stop: stopGroup, ended };
}

/** Nothing of a name is used here, but a plan wants one. */
const anonymousStack = (key: StackKey, contract: Contract) => ({
  ...key,
  workspace: contract.workspace,
  workspaceId: '',
  main: true,
  slug: contract.workspace,
  ident: contract.workspace,
  index: 0,
});
