/** What the user chose for Compose itself, names of projects and profiles, where it does not fit. Pure. */
import type { Variables } from '../../compose/interpolate.ts';
import type { ComposeProject } from '../../compose/model.ts';
import { findSwitchedOff } from '../../compose/selection.ts';
import { PortrampError } from '../../lib/errors.ts';
import { shellWord } from '../../lib/shell-word.ts';
import type { ComposeArguments } from '../../runtime/compose/arguments.ts';

export interface NameChoice {
  /** What the project of this stack has to be called. */
  readonly own: string;
  readonly arguments: ComposeArguments;
  /** The shell's. */
  readonly ambient: Variables;
}

/** Names the project that a person chose in so many words, on the command line or in the shell. */
export const namedProject = ({
  arguments: { projectName },
  ambient,
}: Omit<NameChoice, 'own'>): string | undefined =>
  projectName ?? (ambient['COMPOSE_PROJECT_NAME'] || undefined);

/**
 * The command would act on another project than the one that was named: that is refused. Where nothing is done to it, a
 * sentence for the person is the result; undefined where no other project was named.
 * @throws PortrampError USAGE
 */
export function findOverruledName(choice: NameChoice): string | undefined {
  const { own } = choice;
  const { projectName, command, rest } = choice.arguments;
  const named = namedProject(choice);
  if (named === undefined || named === own) return undefined;
  const word = projectName === undefined ? `COMPOSE_PROJECT_NAME=${named}` : `-p ${named}`;
  const message = `${word} names another Compose project than that of this stack, which is "${own}"`;
  // Of other commands than those of Compose, nobody expects that they are about another project.
  if (command === undefined) return `${message}: it is not used here`;
  const words = ['-p', named, command, ...rest].map(shellWord).join(' ');
  const without = projectName === undefined ? 'unset COMPOSE_PROJECT_NAME' : 'leave out -p';
  throw new PortrampError('USAGE', message, {
    hint: `${without} for this stack; for the other project: docker compose ${words}`,
  });
}

/** Says that an edit has given the project another name, and that this is not heeded now. @param own In which the stack is. */
export const findOverruledFiles = (own: string, files: string): string =>
  `the Compose project would be called "${files}" now, and containers of this stack are in "${own}": it stays there until "portramp down"`;

/** Why Compose itself would not take the name from the override; undefined where it would. */
export function findStrongerName(own: string | undefined, variables: Variables): string | undefined {
  const named = variables['COMPOSE_PROJECT_NAME'];
  if (own === undefined || named === undefined || named === '' || named === own) return undefined;
  return `COMPOSE_PROJECT_NAME=${named} counts more than the name in the file: call docker compose with -p ${own}`;
}

/**
 * Compose would not take the project with these profiles. `dev` would: it starts what is needed, whatever the profile.
 * @throws PortrampError COMPOSE_INVALID
 */
export function demandProfiles(project: ComposeProject, profiles: readonly string[]): void {
  const [first] = findSwitchedOff(project, profiles);
  if (first === undefined) return;
  const names = first.profiles.map((profile) => `"${profile}"`).join(', ');
  const wanted = shellWord([...profiles, ...first.profiles.slice(0, 1)].join(','));
  const otherwise =
    first.by === 'build' ? '' : `, or write "required: false" where ${first.service} depends on it`;
  throw new PortrampError(
    'COMPOSE_INVALID',
    `${first.service} needs ${first.needs}, which has the profile ${names} that is not on: Compose refuses that`,
    { hint: `set COMPOSE_PROFILES=${wanted} in the shell or in .env${otherwise}` },
  );
}
