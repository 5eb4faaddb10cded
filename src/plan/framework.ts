/**
 * Programs that ignore `PORT` get it as flags. Vite (https://vite.dev/config/server-options#server-port) does,
 * also behind `npm run`.
 */

/** Where an instance shall listen. */
export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** Text of a script of the package.json in the service's folder. */
export type ScriptReader = (name: string) => string | undefined;

/**
 * The command with `--port N --strictPort --host H` where it starts a Vite dev server and does not choose a port
 * itself; else the command as it is. `--strictPort`, because Vite would take the next free port without a word.
 */
export function withFrameworkFlags(
  command: string | readonly string[],
  script: ScriptReader,
  listen: Listen,
): string | string[] {
  const words = typeof command === 'string' ? lastCommand(command) : command;
  const found = words === undefined ? undefined : findVite(words, script, MAX_NESTING);
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

function findVite(words: readonly string[], script: ScriptReader, nesting: number): Vite | undefined {
  const program = withoutPrefixes(words);
  const args = viteArguments(program);
  if (args !== undefined) return inspectVite(args);
  const run = scriptRun(program);
  const text = run === undefined || nesting === 0 ? undefined : script(run.name);
  const inner = text === undefined ? undefined : lastCommand(text);
  if (run === undefined || inner === undefined) return undefined;
  // The script sees what is added here, so what it has itself counts too.
  const found = findVite([...inner, ...run.args], script, nesting - 1);
  return found === undefined ? undefined : { ...found, separators: [...run.separators, ...found.separators] };
}

/** Undefined for commands of Vite that serve nothing, and where the port was chosen. */
function inspectVite(args: readonly string[]): Vite | undefined {
  if (['build', 'preview', 'optimize'].includes(args[0] ?? '')) return undefined;
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

interface ScriptRun {
  readonly name: string;
  readonly separators: readonly string[];
  /** What the command itself hands on to the script. */
  readonly args: readonly string[];
}

/** `npm run dev`, `npm start`, `pnpm dev` and their like; not when they run it in another folder. */
export function scriptRun(words: readonly string[]): ScriptRun | undefined {
  const [program = '', ...all] = words;
  const manager = baseName(program);
  if (!['npm', 'pnpm', 'yarn', 'bun'].includes(manager)) return undefined;
  const end = all.indexOf('--');
  const own = end === -1 ? all : all.slice(0, end);
  const handed = end === -1 ? [] : all.slice(end + 1);
  if (own.some((arg) => ELSEWHERE.test(arg))) return undefined;
  const plain = own.filter((arg) => !arg.startsWith('-'));
  const [verb, named] = plain;
  const isRun = verb === 'run' || (manager === 'npm' && verb === 'run-script');
  const name = isRun
    ? named
    : manager === 'npm' && !['start', 'test'].includes(verb ?? '')
      ? undefined
      : verb;
  if (name === undefined) return undefined;
  // npm keeps flags for itself unless "--" stands before them; the others hand on all that follows the script.
  if (manager === 'npm') return { name, separators: end === -1 ? ['--'] : [], args: handed };
  return { name, separators: [], args: end === -1 ? own.slice(own.indexOf(name) + 1) : handed };
}

/** Options that choose another package, whose scripts are not known here. */
const ELSEWHERE = /^(?:-w|--workspaces?|--prefix|-C|--cwd|--dir|-F|--filter|-r|--recursive)(?:=|$)/;

/**
 * The words of the last command of a shell line, if flags can be put behind the line and reach it. Undefined for
 * whatever would need a shell to understand.
 */
function lastCommand(line: string): string[] | undefined {
  const bare = line.replace(QUOTED, '');
  if (/["'()`<>#\\]/.test(bare)) return undefined;
  const tokens = line.match(/(?:"[^"]*"|'[^']*'|[^\s"'&|;])+|&&|\|\||[;&|\n]/g) ?? [];
  const start = tokens.findLastIndex((token) => ['&&', '||', ';', '\n'].includes(token)) + 1;
  const words = tokens.slice(start);
  if (words.includes('&') || words.includes('|')) return undefined;
  return words.map((word) => word.replace(QUOTED, (text) => text.slice(1, -1)));
}

const QUOTED = /"[^"]*"|'[^']*'/g;

/** `FOO=1`, `exec`, `env` and `cross-env` change nothing about what runs. */
export function withoutPrefixes(words: readonly string[]): readonly string[] {
  const start = words.findIndex(
    (word) => !/^[A-Za-z_]\w*=/.test(word) && !['exec', 'env', 'cross-env', 'command'].includes(word),
  );
  return start === -1 ? [] : words.slice(start);
}

const isVite = (word: string): boolean =>
  /^vite(?:\.cmd|@.+)?$/.test(word) ||
  /(?:^|[\\/])(?:\.bin[\\/]vite(?:\.cmd)?|vite[\\/]bin[\\/]vite\.js)$/.test(word);

const baseName = (program: string): string => program.replace(/^.*[\\/]/, '').replace(/\.(?:cmd|exe)$/, '');

function firstPlain(args: readonly string[]): number {
  const index = args.findIndex((arg) => !arg.startsWith('-'));
  return index === -1 ? args.length : index;
}
