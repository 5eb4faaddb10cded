/**
 * Programs that ignore `PORT` get it as flags. Vite (https://vite.dev/config/server-options#server-port) does,
 * also behind `npm run`.
 */

import type { Position } from '../contract/diagnostic.ts';
import {
  baseName,
  commandsIn,
  programsOf,
  programWords,
  scriptRun,
  withoutPrefixes,
  type PackageScope,
  type Program,
} from './scripts.ts';
import { portlessServer, type Server } from './servers.ts';

/** Where an instance shall listen. */
export interface Listen {
  readonly host: string;
  readonly port: number;
}

/**
 * The command with `--port N --strictPort --host H` where it starts a Vite dev server and does not choose a port
 * itself; else the command as it is. `--strictPort`, because Vite would take the next free port without a word.
 */
export function withFrameworkFlags(
  command: string | readonly string[],
  scope: PackageScope,
  listen: Listen,
): string | string[] {
  const last = typeof command === 'string' ? lastCommand(command, scope) : { words: command, scope };
  const found = last === undefined ? undefined : findVite(last.words, last.scope, MAX_NESTING);
  if (found === undefined) return typeof command === 'string' ? command : [...command];
  const flags = [
    ...found.separators,
    '--port',
    String(listen.port),
    '--strictPort',
    ...(found.hasHost ? [] : ['--host', listen.host]),
  ];
  return typeof command === 'string' ? `${command.trimEnd()} ${flags.join(' ')}` : [...command, ...flags];
}

interface Vite {
  /** What the package managers in between must see before flags for the program. */
  readonly separators: readonly string[];
  readonly hasHost: boolean;
}

/** Scripts that run scripts: more than a few are a loop. */
const MAX_NESTING = 8;

function findVite(words: readonly string[], scope: PackageScope, nesting: number): Vite | undefined {
  const program = withoutPrefixes(words);
  const args = viteArguments(program);
  if (args !== undefined) return inspectVite(args);
  const run = scriptRun(program);
  if (run === undefined || run.target === 'all' || run.target === 'many' || nesting === 0) return undefined;
  const next = run.target === undefined ? scope : scope.at(run.target);
  const inner = next && lastCommand(next.script(run.name)?.text ?? '', next);
  if (inner === undefined) return undefined;
  // The script sees what is added here, so what it has itself counts too.
  const found = findVite([...inner.words, ...run.args], inner.scope, nesting - 1);
  return found === undefined ? undefined : { ...found, separators: [...run.separators, ...found.separators] };
}

const VITE: Server = { title: 'Vite', line: 'vite --port $PORT --strictPort' };

/** A dev server that is started where neither `PORT` nor a flag reaches it. */
export interface LostPort {
  readonly server: Server;
  /** What it stands behind, such as `concurrently`. */
  readonly behind?: string | undefined;
  /** The script that starts it; absent where the command itself does. */
  readonly at?: Position | undefined;
}

/** Finds a dev server that ignores its port: the command leads to one, and no flag is or can be put behind it. */
export function findLostPort(command: string | readonly string[], scope: PackageScope): LostPort | undefined {
  const last = typeof command === 'string' ? lastCommand(command, scope) : { words: command, scope };
  if (last !== undefined && findVite(last.words, last.scope, MAX_NESTING) !== undefined) return undefined;
  for (const program of programsOf(command, scope)) {
    if (program.scope.readsPort()) continue;
    const words = withoutPrefixes(program.words);
    const args = viteArguments(words);
    if (args !== undefined && inspectVite(args) !== undefined) {
      return { server: VITE, behind: program.beside ?? 'what its command runs beside it', at: program.at };
    }
    const server = portlessServer(words);
    if (server !== undefined) return { server, behind: program.beside, at: program.at };
  }
  return undefined;
}

/** Undefined for commands of Vite that serve nothing, and where the port was chosen. */
function inspectVite(args: readonly string[]): Vite | undefined {
  if (['build', 'optimize'].includes(args[0] ?? '')) return undefined;
  if (args.includes('--') || args.some((arg) => /^--port(=|$)/.test(arg))) return undefined;
  if (args.some((arg) => ['-h', '--help', '-v', '--version'].includes(arg))) return undefined;
  return { separators: [], hasHost: args.some((arg) => /^--host(=|$)/.test(arg)) };
}

/** The arguments of Vite, if the words run it: by name, by path, or through a package manager. */
function viteArguments(words: readonly string[]): readonly string[] | undefined {
  const [program = '', ...args] = words;
  if (isVite(program)) return args;
  const runners: Readonly<Record<string, readonly string[]>> = {
    npx: [''],
    bunx: [''],
    pnpx: [''],
    pnpm: ['', 'exec', 'dlx'],
    yarn: ['', 'exec', 'dlx', 'run'],
    bun: ['', 'x', 'run'],
    node: [''],
  };
  const name = baseName(program);
  if (!Object.hasOwn(runners, name)) return undefined;
  const rest = args.slice(firstPlain(args));
  const [verb = ''] = rest;
  const tail = runners[name]?.includes(verb) ? rest.slice(1).slice(firstPlain(rest.slice(1))) : rest;
  return isVite(tail[0] ?? '') ? tail.slice(1) : undefined;
}

/**
 * Finds the last command of a shell line, if flags can be put behind the line and reach it.
 * @returns undefined for whatever would need a shell to understand, and for a line that ends otherwise
 */
function lastCommand(text: string, scope: PackageScope): Pick<Program, 'words' | 'scope'> | undefined {
  const line = text.trimEnd();
  const bare = line.replace(QUOTED, '');
  if (/["'()`<>#\\]/.test(bare)) return undefined;
  const tokens = line.match(/(?:"[^"]*"|'[^']*'|[^\s"'&|;])+|&&|\|\||[;&|\n]/g) ?? [];
  const start = tokens.findLastIndex((token) => ['&&', '||', ';', '\n'].includes(token)) + 1;
  const words = tokens.slice(start);
  if (words.length === 0 || words.includes('&') || words.includes('|') || words[0] === 'cd') return undefined;
  return commandsIn(line, scope).at(-1);
}

const QUOTED = /"[^"]*"|'[^']*'/g;

const isVite = (word: string): boolean =>
  /^vite(?:\.cmd|@.+)?$/.test(word) ||
  /(?:^|[\\/])(?:\.bin[\\/]vite(?:\.cmd)?|vite[\\/]bin[\\/]vite\.js)$/.test(word);

function firstPlain(args: readonly string[]): number {
  const index = args.findIndex((arg) => !arg.startsWith('-'));
  return index === -1 ? args.length : index;
}

/**
 * Whether a variable that portramp adds leaves the program as it is. The dev server of react-scripts 5 ends at any
 * HOST but 0.0.0.0 where package.json has a `proxy`: "options.allowedHosts[0] should be a non-empty string"
 * (https://github.com/facebook/create-react-app/issues/11762).
 */
export const mayHear = (
  variable: string,
  command: string | readonly string[],
  scope: PackageScope,
): boolean =>
  variable !== 'HOST' ||
  !programsOf(command, scope).some((program) => {
    const [name = '', verb] = programWords(withoutPrefixes(program.words));
    return baseName(name) === 'react-scripts' && verb === 'start' && program.scope.hasProxy();
  });
