/** What a command line for `docker compose` says before the name of its command. Pure. */

export interface ComposeArguments {
  /** `-f`: instead of what Compose would find. */
  readonly files: readonly string[];
  readonly projectName?: string | undefined;
  readonly projectDirectory?: string | undefined;
  readonly envFiles: readonly string[];
  readonly profiles: readonly string[];
  /** Every other option, as written. */
  readonly options: readonly string[];
  /** `up`, `ps` …; absent for `--version` and the like. */
  readonly command?: string | undefined;
  /** What follows the command, untouched. */
  readonly rest: readonly string[];
}

const VALUED: Readonly<Record<string, keyof Valued | 'other'>> = {
  '-f': 'files',
  '--file': 'files',
  '-p': 'projectName',
  '--project-name': 'projectName',
  '--project-directory': 'projectDirectory',
  '--workdir': 'projectDirectory',
  '--env-file': 'envFiles',
  '--profile': 'profiles',
  '--ansi': 'other',
  '--progress': 'other',
  '--parallel': 'other',
};

interface Valued {
  readonly files: string[];
  readonly projectName: string[];
  readonly projectDirectory: string[];
  readonly envFiles: string[];
  readonly profiles: string[];
}

/** Options come before the command only: after it, `-f` and `-p` are the command's own. */
export function parseComposeArguments(words: readonly string[]): ComposeArguments {
  const found: Valued = { files: [], projectName: [], projectDirectory: [], envFiles: [], profiles: [] };
  const options: string[] = [];
  let index = 0;
  for (; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (!word.startsWith('-') || word === '-') break;
    const option = splitOption(word);
    const field = VALUED[option.name];
    if (field === undefined) {
      options.push(word);
      continue;
    }
    if (option.value === undefined) index += 1;
    const value = option.value ?? words[index] ?? '';
    if (field === 'other') options.push(option.name, value);
    else found[field].push(value);
  }
  return {
    ...found,
    projectName: found.projectName.at(-1),
    projectDirectory: found.projectDirectory.at(-1),
    options,
    command: words[index],
    rest: words.slice(index + 1),
  };
}

/** `--file=x`, `-fx`, `-f=x`, or the value is the next word. */
function splitOption(word: string): { readonly name: string; readonly value?: string } {
  const long = /^(--[^=]+)=(.*)$/s.exec(word);
  if (long?.[1] !== undefined) return { name: long[1], value: long[2] ?? '' };
  const short = /^(-[fp])=?(.+)$/s.exec(word);
  if (short?.[1] !== undefined) return { name: short[1], value: short[2] ?? '' };
  return { name: word };
}

/** The options again, for a call of Compose. */
export function writeOptions(
  parsed: Pick<ComposeArguments, 'projectDirectory' | 'envFiles' | 'options'>,
): string[] {
  const { projectDirectory, envFiles, options } = parsed;
  return [
    ...options,
    ...(projectDirectory === undefined ? [] : ['--project-directory', projectDirectory]),
    ...envFiles.flatMap((file) => ['--env-file', file]),
  ];
}

/** `--scale NAME=N` of `up` and `create`, which changes how many numbers a port needs. */
export function scalesOf({ command, rest }: ComposeArguments): Map<string, number> {
  const scales = new Map<string, number>();
  if (command === 'scale') for (const word of rest) addScale(scales, word);
  if (command !== 'up' && command !== 'create') return scales;
  for (const [index, word] of rest.entries()) {
    if (word === '--scale') addScale(scales, rest[index + 1] ?? '');
    else if (word.startsWith('--scale=')) addScale(scales, word.slice('--scale='.length));
  }
  return scales;
}

function addScale(scales: Map<string, number>, text: string): void {
  const [, name, count] = /^([^=]+)=(\d+)$/.exec(text) ?? [];
  if (name !== undefined && count !== undefined) scales.set(name, Number(count));
}
