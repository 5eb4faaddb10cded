/** Stacks that are known and that nobody runs: whoever asks for them is told where they are. Pure. */
import { compileLookup, type Entry, type Lookup } from './lookup.ts';

export interface RestingStack {
  readonly slug: string;
  /** For people: "shop (feature/auth)". */
  readonly label: string;
  /** The folder to start it in. */
  readonly root: string;
  /** What `--env` has to say; absent for the default. */
  readonly environment?: string | undefined;
  /** Hosts that it holds. */
  readonly hosts: readonly string[];
  /** Whether the folder of the stack was removed or moved. */
  readonly gone?: boolean;
}

/** Every name below a stack's slug is its own, also those that its contract got since it last ran. */
export const compileResting = (stacks: readonly RestingStack[]): Lookup<RestingStack> =>
  compileLookup(
    stacks.flatMap((stack) =>
      [...stack.hosts, `*.${stack.slug}.localhost`].map((host): Entry<RestingStack> => ({
        host,
        path: '/',
        value: stack,
      })),
    ),
  );
