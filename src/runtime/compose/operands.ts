/** Services that a command line for `docker compose` names after its command. Pure. */
import type { ComposeArguments } from './arguments.ts';

/** Commands of one service: what follows its name is for others, and may be any word. */
const OF_ONE = ['run', 'exec', 'attach', 'port', 'commit', 'export'];

/** Options of these commands whose value is the next word. */
const VALUED = new Set(
  [
    '-e --env --env-from-file --entrypoint --cap-add --cap-drop -l --label --name -p --publish --pull -u --user',
    '-v --volume -w --workdir --index --protocol --detach-keys -a --author -c --change -m --message -o --output',
  ].flatMap((words) => words.split(' ')),
);

/** Names them in their order. @param isService of the project */
export function namedServices(
  { command = '', rest }: Pick<ComposeArguments, 'command' | 'rest'>,
  isService: (word: string) => boolean,
): string[] {
  if (OF_ONE.includes(command))
    return [firstOperand(rest)].flatMap((word = '') => (isService(word) ? [word] : []));
  return rest.map((word) => serviceIn(command, word)).filter(isService);
}

/** `store=2` of `scale`, `store:/data` of `cp`. */
function serviceIn(command: string, word: string): string {
  if (command === 'scale') return word.replace(/=.*/s, '');
  return command === 'cp' ? word.replace(/:.*/s, '') : word;
}

function firstOperand(words: readonly string[]): string | undefined {
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (!word.startsWith('-') || word === '-') return word;
    if (word === '--') return words[index + 1];
    if (takesNext(word)) index += 1;
  }
  return undefined;
}

/** `-e`, and the last of several letters in one word, `-ite`; not `-eA=1` and `--env=A=1`, which have their values. */
function takesNext(word: string): boolean {
  if (word.startsWith('--')) return VALUED.has(word);
  const first = word
    .slice(1)
    .split('')
    .findIndex((letter) => VALUED.has(`-${letter}`));
  return first !== -1 && first === word.length - 2;
}
