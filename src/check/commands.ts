/** What a service really runs: its command, and the scripts of its package.json that the command leads to. */
import type { ProcessService } from '../contract/contract.ts';
import type { Position } from '../contract/diagnostic.ts';
import type { Path } from '../contract/tree.ts';
import { scriptRun, withoutPrefixes } from '../plan/framework.ts';
import type { PackageScripts } from './facts/packages.ts';

/** One program with its arguments. */
export interface Command {
  /** Assignments before the program included: `PORT=3000 node x.js`. */
  readonly words: readonly string[];
  readonly at: Path | Position;
}

/** Scripts that run scripts: more than a few are a loop. */
const MAX_NESTING = 8;

export function commandsOf(
  service: Pick<ProcessService, 'name' | 'dir' | 'command'>,
  packages: ReadonlyMap<string, PackageScripts>,
): Command[] {
  const { command } = service;
  const at = ['services', service.name, 'command'];
  const own = typeof command === 'string' ? splitCommands(command) : [command];
  const scripts = packages.get(service.dir);
  return own.flatMap((words) => follow({ words, at }, scripts, MAX_NESTING));
}

function follow(command: Command, scripts: PackageScripts | undefined, nesting: number): Command[] {
  const run = scriptRun(withoutPrefixes(command.words));
  const script = run === undefined || nesting === 0 ? undefined : scripts?.get(run.name);
  if (script === undefined) return [command];
  const inner = splitCommands(script.text).map((words) => ({ words, at: script.at }));
  return [command, ...inner.flatMap((each) => follow(each, scripts, nesting - 1))];
}

/** The simple commands of a shell line, in words; quotes are taken away, and nothing is expanded. */
export function splitCommands(line: string): string[][] {
  const commands: string[][] = [[]];
  for (const token of line.match(/(?:"[^"]*"|'[^']*'|[^\s"'&|;()])+|&&|\|\||[;&|\n()]/g) ?? []) {
    if (/^[;&|\n()]+$/.test(token)) commands.push([]);
    else commands.at(-1)?.push(token.replace(/"[^"]*"|'[^']*'/g, (text) => text.slice(1, -1)));
  }
  return commands.filter((words) => words.length > 0);
}
