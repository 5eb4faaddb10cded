/** Dev servers that do not read `PORT`, and what is written so that they listen where it says. Pure. */
import { baseName, programWords } from './scripts.ts';

export interface Server {
  readonly title: string;
  /** The command line that gives the port, as a script has it. */
  readonly line: string;
}

interface Known extends Server {
  readonly program: RegExp;
  /** The first plain word behind the program; absent where any will do. */
  readonly verb?: RegExp;
}

/** From the reference of each one's command line. Vite has rules of its own: see `framework.ts`. */
const KNOWN: readonly Known[] = [
  { title: 'Astro', program: /^astro$/, verb: /^(?:dev|preview)$/, line: 'astro dev --port $PORT' },
  { title: 'Angular', program: /^ng$/, verb: /^(?:serve|s|dev)$/, line: 'ng serve --port $PORT' },
  {
    title: 'webpack-dev-server',
    program: /^webpack(?:-cli)?$/,
    verb: /^(?:serve|server|s)$/,
    line: 'webpack serve --port $PORT',
  },
  {
    title: 'webpack-dev-server',
    program: /^webpack-dev-server$/,
    line: 'webpack-dev-server --port $PORT',
  },
  { title: 'Storybook', program: /^storybook$/, verb: /^dev$/, line: 'storybook dev --port $PORT' },
  { title: 'Wrangler', program: /^wrangler$/, verb: /^dev$/, line: 'wrangler dev --port $PORT' },
  {
    title: 'React Router',
    program: /^react-router$/,
    verb: /^dev$/,
    line: 'react-router dev --port $PORT --strictPort',
  },
  {
    title: 'Remix',
    program: /^remix$/,
    verb: /^vite:dev$/,
    line: 'remix vite:dev --port $PORT --strictPort',
  },
  { title: 'Hugo', program: /^hugo$/, verb: /^(?:server|serve)$/, line: 'hugo server --port $PORT' },
  { title: 'Rspack', program: /^rspack$/, verb: /^(?:serve|server|s|dev)$/, line: 'rspack dev --port $PORT' },
  { title: 'Rsbuild', program: /^rsbuild$/, verb: /^(?:dev|preview)$/, line: 'rsbuild dev --port $PORT' },
  {
    title: 'Browsersync',
    program: /^browser-sync$/,
    verb: /^start$/,
    line: 'browser-sync start --port $PORT',
  },
  { title: 'Expo', program: /^expo$/, verb: /^start$/, line: 'expo start --port $PORT' },
];

/** The server that the words start on a port of its own choice; undefined where they choose one, or start none. */
export function portlessServer(words: readonly string[]): Server | undefined {
  const [program = '', ...args] = programWords(words);
  const verb = args.find((arg) => !arg.startsWith('-')) ?? '';
  const name = baseName(program).replace(/(.)@.+$/, '$1');
  if (args.some((arg) => /^(?:--port|-p)(?:=|$)|^-(?:h|-help|-version)$/.test(arg))) return undefined;
  const known = KNOWN.find((each) => each.program.test(name) && (each.verb ?? /^/).test(verb));
  return known && { title: known.title, line: known.line };
}
