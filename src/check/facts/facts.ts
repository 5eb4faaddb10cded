import type { ComposeProject } from '../../compose/model.ts';
import type { ComposeFile } from './compose-file.ts';
import type { Devcontainer } from './devcontainer.ts';
import type { Dockerfile } from './dockerfile.ts';
import type { Literal } from './literals.ts';
import type { PackageFacts } from './packages.ts';
import type { TurboConfig } from './turbo.ts';

/** What `check` knows of a workspace besides the contract. Files that cannot be read as what they are, are absent. */
export interface Facts {
  /** `YYYY-MM-DD`. */
  readonly today: string;
  readonly compose: readonly ComposeFile[];
  /** What Compose makes of them; absent where nobody could ask it. */
  readonly project?: ComposeProject | undefined;
  readonly devcontainers: readonly Devcontainer[];
  /** By the folder of a service, as `Service.dir` has it. */
  readonly dockerfiles: ReadonlyMap<string, Dockerfile>;
  /** Those of services and all others of the workspace, by folder. */
  readonly packages: ReadonlyMap<string, PackageFacts>;
  readonly turbo?: TurboConfig | undefined;
  /** Ports that are written into tracked files. */
  readonly literals: readonly Literal[];
  /** Tracked files that were not searched, because there are so many. */
  readonly unsearched: number;
}

export const NO_FACTS: Facts = {
  today: '1970-01-01',
  compose: [],
  devcontainers: [],
  dockerfiles: new Map(),
  packages: new Map(),
  literals: [],
  unsearched: 0,
};
