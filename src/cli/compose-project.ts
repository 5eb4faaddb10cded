/** What Compose files come to, for `check`: asked of Compose where it is installed. */
import { relative } from 'node:path';

import type { ReadComposeProject } from '../check/compose-project.ts';
import { readProjectStatically } from '../check/static-project.ts';
import { findComposeFiles, profilesIn } from '../runtime/compose/files.ts';
import { demandProfiles } from '../stack/compose/choices.ts';
import { findComposeIfAny } from '../stack/compose/contract.ts';
import { askCompose, readWithFixedNames } from '../stack/compose/source.ts';

/**
 * Files that Compose cannot resolve here (a pipeline lacks the env files that git ignores) are read alone.
 * @param strict Then that is an error. @throws PortrampError COMPOSE_INVALID, COMPOSE_TOO_OLD
 */
export const readComposeProject =
  (strict: boolean): ReadComposeProject =>
  async (root, named) => {
    const environment = process.env;
    const found = await findComposeFiles({ cwd: root, environment, files: named });
    // Only those of the workspace: a folder above is none of its business.
    if (found === undefined || (named.length === 0 && found.directory !== root)) return undefined;
    const profiles = profilesIn(found.variables, []);
    const binary = await findComposeIfAny(environment);
    if (binary === undefined) {
      const reading = await readProjectStatically(root, named, found.variables);
      if (strict && reading?.by === 'files') demandProfiles(reading.project, profiles);
      return reading;
    }
    const call = { binary, cwd: root, environment, options: [], files: found.files, profiles: [] };
    try {
      const { project } = await readWithFixedNames(askCompose(call, profiles), { environment });
      // A contract's containers are started whatever their profiles, where something needs them.
      if (strict) demandProfiles(project, profiles);
      // `COMPOSE_FILE` names others than the contract does.
      const files = found.files.map((file) => relative(root, file));
      return { project, by: 'compose', files, doubts: [] };
    } catch (error) {
      if (strict) throw error;
      return readProjectStatically(root, named, found.variables);
    }
  };
