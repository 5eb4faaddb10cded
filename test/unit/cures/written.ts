/** What somebody types who does what a hint says; where it leaves a choice, the first of what it names. */
import { parse } from 'yaml';

import { CONTRACT } from './desk.ts';
import { keepOne, put, setHere, typeReference, writeHere, type Row } from './hands.ts';

/** Each hint that says what to write, the most telling first. */
export const WRITES: readonly Row[] = [
  [/^keep one of them$/, (desk, found) => keepOne(desk, found)],
  [
    /^keep one, and remove the "---" before the others$/,
    (desk) => desk.write(CONTRACT, desk.read(CONTRACT).replace(/\n---[^]*$/, '\n')),
  ],
  [
    /^write the (?:program and its arguments|program first, then its arguments)$/,
    put(() => 'command: [npm, run, api]'),
  ],
  [/^write version: 1$/, put(() => 'version: 1')],
  [
    /^write in turbo\.json: ("globalPassThroughEnv": \[.*\])$/,
    (desk, _found, [line = '']) =>
      desk.write('turbo.json', desk.read('turbo.json').replace(/"globalPassThroughEnv": \[.*\]/, line)),
  ],
  [
    /^keep numbers for static ports: (static: \d+) in the range$/,
    (desk, _found, [snippet = '']) =>
      desk.set(CONTRACT, ['ranges', 'dev', 'static'], Number(snippet.slice(8))),
  ],
  [
    /^write host: "(\*\.\w+)", or a host of one word$/,
    (desk, found, [host = '']) => desk.replace(found, /[\w.-]+/, `"${host}"`),
  ],
  [
    /^write "\$\{(\w+)\}" here, and the value into an env file that git ignores$/,
    (desk, found, [name = '']) => {
      desk.write('.env', `${desk.read('.env')}${name}=secret\n`);
      desk.write('.gitignore', '.env\n');
      desk.set(CONTRACT, desk.pathOf(found), `\${${name}}`);
      desk.set(CONTRACT, ['defaults'], { envFile: '.env' });
    },
  ],
  [/^write - db, or/, (desk, found) => setHere(desk, found, 'db')],
  [/^keep one of (\w+)(?:, | and )/, (desk, found) => desk.drop(found)],
  [/^keep one of the two$/, (desk, found) => desk.drop(found)],
  [/^keep one port, or remove ports$/, (desk, found) => desk.drop(found, 'ports')],
  [/^keep fewer, or widen the range$/, (desk, found) => setHere(desk, found, 10)],
  [/^keep it out of env; url: and cleanup: of/, (desk, found) => desk.drop(found)],
  [/^write scope: workspace for [\w-]+ too, or remove it here$/, (desk, found) => desk.drop(found)],
  [
    /^write (\w+): (\{ command: .+ \})$/,
    (desk, _found, [name = '', fields = '']) => desk.set(CONTRACT, ['services', name], parse(fields)),
  ],
  [
    /^write (https:\/\/\S+), or host:port; a path belongs into url$/,
    (desk, found, [url = '']) => setHere(desk, found, url),
  ],
  [/^write <<: \*anchor, where/, (desk, found) => desk.replace(found, /<<: \w+/, '<<: *a')],
  [
    /^write the name of an environment, and what it changes below$/,
    (desk, found) => setHere(desk, found, { test: {} }),
  ],
  [/^write the fields that this environment changes$/, (desk, found) => setHere(desk, found, {})],
  [
    /^write tcp: NAME, or add http: \/path$/,
    (desk, found) => (desk.drop(found), desk.put(found, 'tcp: http')),
  ],
  [
    /^write it without \(\?=/,
    (desk, found) => setHere(desk, found, desk.valueAt(found).replace(/\(\?=.*\)/, '')),
  ],
  [/^write several simpler patterns/, (desk, found) => setHere(desk, found, 'src/**')],
  [
    /^write a healthcheck in the Compose file/,
    (desk, found) => (
      desk.drop(found, 'ready'),
      desk.set('compose.yaml', ['services', 'redis', 'healthcheck'], { test: 'redis-cli ping' })
    ),
  ],
  [
    /^write (run: manual)$/,
    (desk, found, [snippet = '']) => (desk.drop(found, 'start'), desk.put(found, snippet)),
  ],
  [
    /^write the value in quotes, or a blank before "#"$/,
    (desk, { file }) => desk.write(file, desk.read(file).replace(/=(\S*#\S*)$/m, '="$1"')),
  ],
  [/^write NAME=value, or begin the line with #$/, (desk, found) => desk.replace(found, /^/, '#')],
  [
    /^write (ready: \{ http: \/healthz \}), or/,
    (desk, found, [snippet = '']) =>
      desk.set(
        CONTRACT,
        [...desk.pathOf(found).slice(0, 2), 'ready'],
        (parse(snippet) as { ready: unknown }).ready,
      ),
  ],
  [/^write ".+", ".+", or .*: (\S+);/, (desk, found, [host = '']) => setHere(desk, found, host)],
  [
    /^write "(vite --port \$PORT --strictPort)", or/,
    (desk, found, [line = '']) => desk.replace(found, /\bvite\b/, line),
  ],
  [/^write \$\{name\.attr\}, /, (desk, found) => desk.replace(found, /\$\{[^}]*\}/, '${self.url}')],
  [
    /^write ("\$\{.+\}"), or \$\$\w+ for the text itself$/,
    (desk, found, [reference = '']) => typeReference(desk, found, reference),
  ],
  [/^write true or false, without quotes$/, (desk, found) => setHere(desk, found, true)],
  [/^write a number from (\d+) to/, (desk, found, [from = '']) => setHere(desk, found, Number(from))],
  [/^write a number and its unit: (\w+),/, (desk, found, [value = '']) => setHere(desk, found, value)],
  [/^write one of: ([\w.-]+)/, (desk, found, [value = '']) => setHere(desk, found, value)],
  [/^write how many numbers are kept/, (desk, found) => setHere(desk, found, 100)],
  [
    /^write (?:scheme, host and port as a browser does: |a name such as |a path such as |what a browser makes of the name: |\w+, or )([^\s,:]+(?::\/\/\S+)?)/,
    (desk, found, [value = '']) => setHere(desk, found, value),
  ],
  [/^write a value, or remove the key$/, (desk, found) => setHere(desk, found, 'npm run api')],
  [/^write at least one service$/, put(() => 'services: { api: { command: npm run api } }')],
  [
    /^write the name of a service, and its fields below$/,
    put(() => 'services: { api: { command: npm run api } }'),
  ],
  [
    /^write the lower number as from$/,
    (desk, found) => desk.set(CONTRACT, desk.pathOf(found).slice(0, 2), { from: 20_000, to: 29_999 }),
  ],
  [/^write KEY: value, one a line$/, put(() => 'env: { KEY: value }')],
  [/^write year, month and day: (\S+)$/, (desk, found, [value = '']) => setHere(desk, found, value)],
  [/^write (\d\S*)$/, (desk, found, [value = '']) => setHere(desk, found, value)],
  [
    /^(?:write|keep) (\w+: (?:\{.+\}|\[.+\]|"[^"]*"|[^\s,]+))(?:$|, (?:and|or|too|keep|remove)|,? too| for | if )/,
    (desk, found, [snippet = '']) => writeHere(desk, found, snippet),
  ],
  [/^write - (\{.+\})$/, (desk, found, [entry = '']) => setHere(desk, found, [parse(entry)])],
  [/^write (\w+: .+)$/, (desk, found, [snippet = '']) => writeHere(desk, found, snippet)],
];
