/** Commands of portramp in what is said: about the stack that is meant, wherever they are typed. Pure. */
import { shellWord } from './shell-word.ts';

/** The options that lead a command to a stack; those that are absent are not needed. */
export interface Way {
  /** A folder of its checkout. */
  readonly dir?: string | undefined;
  readonly env?: string | undefined;
  /** The name of the stack, which leads there from every folder. */
  readonly stack?: string | undefined;
}

/** The commands that are about the stack of the folder and the environment in which they are typed. */
export const LED = [
  'dev',
  'url',
  'env',
  'exec',
  'open',
  'logs',
  'traffic',
  'start',
  'stop',
  'restart',
  'scale',
  'wait',
  'why',
  'down',
  'override',
] as const;

/** Without options of the kind, which say already which stack is meant; the number of a port does, its name does not. */
const COMMAND = new RegExp(
  String.raw`\bportramp (${LED.join('|')})\b(?![^"';,&|)\n]*\s(?:--(?:env|stack|dir|all)\b|-C\b|--port \d+(?![\w/-])))`,
  'g',
);

/** Adds to each command of portramp in a text the options without which another stack would be meant. */
export function leadTo(text: string, { dir, env, stack }: Way): string {
  const options = Object.entries({ dir, env, stack }).flatMap(([name, value]) =>
    value === undefined ? [] : [` --${name} ${shellWord(value)}`],
  );
  // A replacement of text would read a "$" in the name of a folder.
  return options.length === 0
    ? text
    : text.replace(COMMAND, (_all, name: string) => `portramp ${name}${options.join('')}`);
}
