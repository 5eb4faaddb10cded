/** What all branches share, around a command of `portramp compose`. */
import { locateHome } from '../lib/home.ts';
import { scalesOf, type ComposeArguments } from '../runtime/compose/arguments.ts';
import type { ComposeCall } from '../runtime/compose/resolve.ts';
import { storeProjects } from '../stack/compose/projects.ts';
import { reachShared, startShared } from '../stack/compose/shared.ts';
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

/** Commands that only look, or that happen inside of a container: what is shared can be asked too. */
const ASKING = ['exec', 'logs', 'top', 'port', 'ps', 'images', 'stats', 'events', 'attach'];

/** Undefined where nothing is shared. */
export async function openShared(
  { prepared, override, project }: OpenedStack,
  own: ComposeCall,
  parsed: ComposeArguments,
  whoHolds: (port: number) => Promise<string | undefined>,
): Promise<SharedContainers | undefined> {
  const { command = '', rest } = parsed;
  const shared = prepared && (await storeProjects(locateHome(), prepared, scalesOf(parsed)))?.shared;
  if (prepared === undefined || shared === undefined) return undefined;
  // Of `exec`, the first is the service, and what follows may be any word.
  const named = rest.filter((word) => project.services.has(word));
  const isShared = named.length > 0 && override.omitted.has(named[0] ?? '');
  const start = { prepared, shared, own, named, findConflict: whoHolds };
  return {
    callInstead: isShared && ASKING.includes(command) ? shared.call : undefined,
    before: async () => {
      if (!STARTING.includes(command)) return;
      for (const text of await startShared(start)) notice(text);
      if (command !== 'run') await reachShared(start);
    },
    after: async () => {
      if (command === 'up') await reachShared(start);
    },
  };
}
