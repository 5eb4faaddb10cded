/** What all branches share, around a command of `portramp compose`. */
import { nameInContract } from '../contract/called.ts';
import { PortrampError } from '../lib/errors.ts';
import { locateHome } from '../lib/home.ts';
import { shellWord } from '../lib/shell-word.ts';
import { scalesOf, type ComposeArguments } from '../runtime/compose/arguments.ts';
import { namedServices } from '../runtime/compose/operands.ts';
import type { ComposeCall } from '../runtime/compose/resolve.ts';
import { storeProjects, type SharedProject } from '../stack/compose/projects.ts';
import { reachShared, startShared, type SharedStart } from '../stack/compose/shared.ts';
import type { PreparedStack } from '../stack/prepare.ts';
import type { OpenedStack } from './compose-stack.ts';
import { notice } from './terminal.ts';

export interface SharedContainers {
  /** For a command that is about shared services alone: their project. */
  readonly callInstead?: ComposeCall | undefined;
  /** @throws PortrampError PORT_TAKEN, ENGINE_UNREACHABLE */
  before(): Promise<void>;
  after(): Promise<void>;
}

const STARTING = ['up', 'start', 'run'];

/** Commands that only look, that happen inside of a container or beside it, and those about images. */
const ASKING = new Set(
  'exec run logs top port ps images stats events attach config convert wait volumes cp export commit build pull push'.split(
    ' ',
  ),
);

/** The commands of a stack in place of those that would act on a shared service for all branches. */
const OWN_WAYS: readonly (readonly [commands: readonly string[], way: string])[] = [
  [['up', 'create', 'start'], 'dev -d'],
  [['restart'], 'restart'],
  [['stop', 'rm', 'down'], 'stop'],
];

/**
 * Undefined where nothing is shared.
 * @throws PortrampError USAGE for a command that would change what all branches use.
 */
export async function openShared(
  { prepared, override, project }: OpenedStack,
  own: ComposeCall,
  parsed: ComposeArguments,
  whoHolds: (port: number) => Promise<string | undefined>,
): Promise<SharedContainers | undefined> {
  const { command = '' } = parsed;
  const shared = prepared && (await storeProjects(locateHome(), prepared, scalesOf(parsed)))?.shared;
  if (prepared === undefined || shared === undefined) return undefined;
  const named = namedServices(parsed, (word) => project.services.has(word));
  const isShared = concernsShared(named, override.omitted, parsed);
  if (isShared && !ASKING.has(command)) throw changesAll(named, parsed, { prepared, shared });
  const start: SharedStart = { prepared, shared, own, named, findConflict: whoHolds };
  return {
    callInstead: isShared ? shared.call : undefined,
    before: async () => {
      if (!STARTING.includes(command)) return;
      for (const text of await startShared(start)) notice(text);
      // What it leaves is in the way of nobody when this stack is down.
      if (isShared) for (const name of named) await shared.users.begin(name, async () => undefined);
      else if (command !== 'run') await reachShared(start);
    },
    after: async () => {
      if (command === 'up') await reachShared(start);
    },
  };
}

/** @throws PortrampError USAGE where some of the services are shared and others are not: no project has both. */
function concernsShared(
  named: readonly string[],
  omitted: ReadonlySet<string>,
  { command = '' }: ComposeArguments,
): boolean {
  const ours = named.find((name) => !omitted.has(name));
  const theirs = named.find((name) => omitted.has(name));
  if (theirs === undefined) return false;
  if (ours === undefined) return true;
  throw new PortrampError('USAGE', `all branches share ${theirs}, and ${ours} is of this one alone`, {
    hint: `ask for one at a time: portramp compose ${command} ${theirs}`,
  });
}

function changesAll(
  named: readonly string[],
  { command = '', rest }: ComposeArguments,
  { prepared, shared }: { readonly prepared: PreparedStack; readonly shared: SharedProject },
): PortrampError {
  const services = [...prepared.services.values()].map(({ service }) => service);
  const names = named.map((name) => nameInContract(name, services));
  const way = OWN_WAYS.find(([commands]) => commands.includes(command))?.[1];
  const byHand = ['-p', shared.call.projectName ?? '', command, ...rest].map(shellWord).join(' ');
  return new PortrampError(
    'USAGE',
    `all branches share ${named.join(', ')}: "${command}" would be for all of them`,
    {
      hint:
        way === undefined
          ? `if it is to be: docker compose ${byHand}`
          : `for this branch: portramp ${way} ${names.join(' ')}`,
    },
  );
}
