/**
 * In which Compose project a stack is: that in which it was started, whatever a later shell or an edit calls the project,
 * as long as containers are there. Compose knows containers and data by that name alone, and finds none under another.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { writeFileAtomic } from '../../lib/atomic-write.ts';
import { sha256 } from '../../lib/hash.ts';
import type { Home } from '../../lib/home.ts';
import { readStateFile } from '../../lib/state-file.ts';
import type { StackKey } from '../../protocol/messages.ts';
import type { ComposeArguments } from '../../runtime/compose/arguments.ts';
import type { Standing } from '../../runtime/compose/standing.ts';
import { findOverruledFiles, findOverruledName, namedProject } from './choices.ts';
import { composeFolder } from './store.ts';

const record = z.object({
  project: z.string(),
  /** What the files called it then, which somebody may have overruled. */
  files: z.string(),
});

/** The Compose project in which a stack of the main checkout was started last. */
export type Started = Readonly<z.output<typeof record>>;

const pathOf = (home: Home, { root, environment }: StackKey): string =>
  join(composeFolder(home), `${sha256(`${root}\0${environment}`).slice(0, 16)}.started.json`);

/** Undefined where it never was; also for a record that is damaged. Nothing of that project may be left. */
export async function readStarted(home: Home, key: StackKey): Promise<Started | undefined> {
  const text = await readStateFile(pathOf(home, key)).catch(() => undefined);
  try {
    return text === undefined ? undefined : record.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** To be called when a start has succeeded. */
export async function writeStarted(home: Home, key: StackKey, started: Started): Promise<void> {
  await mkdir(composeFolder(home), { recursive: true, mode: 0o700 });
  await writeFileAtomic(pathOf(home, key), `${JSON.stringify(started)}\n`);
}

/** To be called when the checkout is gone. */
export const forgetStarted = (home: Home, key: StackKey): Promise<void> =>
  rm(pathOf(home, key), { force: true });

export interface ProjectChoice {
  readonly started?: Started | undefined;
  /** What the files call the project now. */
  readonly files: string;
  readonly arguments: ComposeArguments;
  /** The shell's. */
  readonly ambient: Readonly<Record<string, string | undefined>>;
  readonly purpose: Purpose;
  /** What there is of a project that is the stack's. */
  readonly standingOf: (project: string) => Promise<Standing>;
}

/**
 * `follow`: the stack runs, and its runner wants to know what an edit would make of it. `remove`: what was started is
 * meant, whatever the files call it by now.
 */
export type Purpose = 'use' | 'follow' | 'remove';

export interface ChosenProject {
  readonly name: string;
  /** What a person should know of it. */
  readonly notice?: string | undefined;
}

/**
 * Chooses the project of a stack that keeps its names.
 * @throws PortrampError USAGE for a command of Compose in a shell that names another project than that of the stack.
 */
export async function chooseProject(choice: ProjectChoice): Promise<ChosenProject> {
  const { started, files, arguments: asked, ambient, purpose, standingOf } = choice;
  const named = namedProject(choice);
  const unasked = named ?? files;
  if (started === undefined || started.project === unasked) return { name: unasked };
  const own = started.project;
  const isSame = purpose === 'remove' || started.files === files;
  const kept = named ?? (isSame ? own : files);
  // What is asked of one command is for that command.
  if (purpose === 'follow' || asked.projectName !== undefined) return { name: kept };
  switch (await standingOf(own)) {
    case 'nothing':
      return { name: unasked };
    case 'data':
      return { name: kept, notice: kept === own ? describeStay(own, files) : undefined };
    case 'containers':
      return {
        name: own,
        notice:
          named !== undefined
            ? findOverruledName({ own, arguments: asked, ambient })
            : isSame
              ? undefined
              : findOverruledFiles(own, files),
      };
  }
}

/** Says why the project is not called as the files say. */
const describeStay = (own: string, files: string): string =>
  `this stack goes on in the Compose project "${own}", where its data is; for another: COMPOSE_PROJECT_NAME=${files}`;
