/** What somebody types who does what a hint says; where it leaves a choice, the first of what it names. */
import { parse } from 'yaml';

import { CONTRACT } from './desk.ts';
import {
  choose,
  FREE,
  giveHost,
  pattern,
  put,
  removeFlag,
  rename,
  setHere,
  wrongWord,
  type Row,
} from './hands.ts';

/** Each hint that removes, renames or moves something, by its words; groups are handed to the cure. */
export const CHANGES: readonly Row[] = [
  [/^did you mean "(\$\{.+\})"\?$/, (desk, found, [right = '']) => desk.replace(found, /\$\{[^}]*\}/, right)],
  [
    /^did you mean "(.+)"\?$/,
    (desk, found, [right = '']) => desk.replace(found, pattern(wrongWord(found)), right),
  ],
  [/^(?:the services are|the keys here are|known here|its ports are|the environments are): (.+)$/, choose],
  [
    /^correct dir, .*or create the directory$/,
    (desk, { message }) => desk.makeFolder(/directory (\S+)/.exec(message)?.[1] ?? ''),
  ],
  [
    /^quote this value: (".+")$/,
    (desk, found, [quoted = '']) => desk.replace(found, pattern(quoted.slice(1, -1)), quoted),
  ],
  [/^quote it$/, (desk, found) => desk.replace(found, /[\w.]+/, '"quoted"')],
  [
    /^the smallest one is "(version: 1)", "(workspace: )NAME" and "(services:)" with one service$/,
    (desk, _found, [version, workspace, services]) =>
      desk.write(CONTRACT, `${version}\n${workspace}shop\n${services}\n  api: { command: npm run api }\n`),
  ],
  [
    /^use fewer nested anchors$/,
    (desk) =>
      desk.write(CONTRACT, 'version: 1\nworkspace: shop\nservices:\n  api: { command: npm run api }\n'),
  ],
  [
    /^write several simpler patterns: fewer \* in one name, no wildcard inside/,
    (desk) => desk.set(CONTRACT, ['services', 'api', 'watch'], ['src/a*', 'src/b*']),
  ],
  [/^indent with spaces$/, (desk) => desk.write(CONTRACT, desk.read(CONTRACT).replaceAll('\t', '  '))],
  [/^close the quote$/, (desk) => desk.write(CONTRACT, desk.read(CONTRACT).replace(/("[^"\n]*)\n/, '$1"\n'))],
  [
    /^align the keys of a map, and close every \[ and \{$/,
    (desk) => desk.write(CONTRACT, desk.read(CONTRACT).replace(/(\[[^\]\n]*)\n/, '$1]\n')),
  ],
  [
    /^close every \[ and \{$/,
    (desk) =>
      desk.write(
        CONTRACT,
        desk
          .read(CONTRACT)
          .replace(/\[{5,}/, '[')
          .replace(/\]{5,}/, ']'),
      ),
  ],
  [
    /^create it, or write \{ path: …, optional: true \}$/,
    (desk, { message }) => desk.write(/(\S*\.env\S*)/.exec(message)?.[1] ?? '.env', 'A=1\n'),
  ],
  [/^widen the range, write ports: false/, (desk) => desk.set(CONTRACT, ['ranges', 'dev', 'to'], 29_999)],
  [
    /^publish its ports instead: (ports: \[.+\])$/,
    (desk, found, [snippet = '']) => (desk.put(found, snippet), desk.drop(found, 'network_mode')),
  ],
  [
    /^put (\$\{.+\}) into env, and write "\$NAME" in the command$/,
    (desk, found, [reference = '']) => {
      desk.set(CONTRACT, ['services', String(desk.pathOf(found)[1]), 'env', 'NAME'], reference);
      desk.replace(found, pattern(reference), '$NAME');
    },
  ],
  [
    /^call one of them http, or add (primary: true) to one$/,
    (desk, found) => desk.set(CONTRACT, [...desk.pathOf(found), 'pg', 'primary'], true),
  ],
  [
    /^make one of them from host and port: (.+)$/,
    (desk, found, [value = '']) => setHere(desk, found, `http://${value}`),
  ],
  [
    /^use one number in both$/,
    (desk, found) => desk.replace(found, /\d+/, /pins it to (\d+)/.exec(found.message)?.[1] ?? ''),
  ],
  [/^publish another number in (\S+), or/, (desk, found) => desk.replace(found, /2\d{4}/, '21000')],
  [
    /^declare the others below ports of (\w+),/,
    (desk, { message }, [name = '']) => {
      const [, others = ''] = /exposes \d+, ([\d, ]+),/.exec(message) ?? [];
      for (const other of others.split(', '))
        desk.set(CONTRACT, ['services', name, 'ports', `p${other}`], { appProtocol: 'tcp' });
    },
  ],
  [
    /^pin a port with (static: \d+), or remove it from forwardPorts$/,
    (desk, found) => desk.replace(found, /\d+,/, ''),
  ],
  [
    /^consume (?:\w+ and use|the service that)/,
    (desk, found) => {
      const port = /port (\d+)/.exec(found.message)?.[1] ?? '';
      for (const [, file = ''] of found.message.matchAll(/(\S+):\d+/g))
        desk.write(file, desk.read(file).replaceAll(port, '${API_PORT}'));
    },
  ],
  [/^add (version: 1|services: .*)$/, put(([snippet = '']) => snippet)],
  [/^add workspace: NAME$/, put(() => 'workspace: shop')],
  [/^add owner: who can say/, put(() => 'owner: team-data')],
  [/^add (\w+): …$/, put(([key = '']) => `${key}: ${/port|from|to/.test(key) ? '20042' : 'api'}`)],
  [/^add command: …, external: … or compose: …$/, put(() => 'command: npm run api')],
  [/^add path: \/api, or remove rewrite$/, put(() => 'path: /api')],
  [
    /^add (\w+) to access\.from of (\w+), or do not use/,
    (desk, _found, [consumer = '', name = '']) =>
      desk.set(CONTRACT, ['services', name, 'access', 'from', 1], consumer),
  ],
  [/^add it below environments, or remove the range$/, (desk, found) => desk.drop(found)],
  [
    /^remove one of these from consumes, or make it optional: - (\{ service: \w+, optional: true \})$/,
    (desk, found, [entry = '']) => desk.replace(found, /[\w-]+/, entry),
  ],
  [
    /^remove visibility: private from the port (\w+) of (\w+), or/,
    (desk, _found, [port = '', name = '']) => desk.set(CONTRACT, ['services', name, 'ports', port], {}),
  ],
  [
    /^remove ports: false from (\w+), or/,
    (desk, _found, [name = '']) => desk.set(CONTRACT, ['services', name, 'ports'], { http: {} }),
  ],
  [/^its services are: ([\w-]+)/, (desk, found, [name = '']) => setHere(desk, found, name)],
  [/^remove (\w+): UDP ports are published/, (desk, found) => desk.drop(found)],
  [
    /^write scope: workspace for ([\w-]+) too$/,
    (desk, _found, [name = '']) => desk.set(CONTRACT, ['services', name, 'scope'], 'workspace'),
  ],
  [
    /^share that too: ([\w-]+): (\{ .+ \})$/,
    (desk, _found, [name = '', fields = '']) => desk.set(CONTRACT, ['services', name], parse(fields)),
  ],
  [/^remove it$/, (desk, found) => setHere(desk, found, desk.valueAt(found).replaceAll('\0', ''))],
  [/^remove it, or write \$\{self\.port\} in the contract$/, (desk, found) => removeFlag(desk, found)],
  [/^remove (\w+) from here$/, (desk, found) => desk.drop(found)],
  [/^remove (\w+)(?:, |$)/, (desk, found, [key = '']) => desk.drop(found, key)],
  [/^renew it, or remove it/, put(() => 'expires: 2099-01-01')],
  [
    /^rename one of them, or write (\w+) into env of ([\w.-]+)$/,
    (desk, _found, [name = '', service = '']) =>
      desk.set(CONTRACT, ['services', service, 'env', name], 'mine'),
  ],
  [/^rename (?:it|the group)/, (desk, found) => rename(desk, found)],
  [/^shorten (?:it|the name)/, (desk, found) => desk.replace(found, /[a-z]{60,}/, 'short')],
  [/^use lower-case letters, digits and hyphens/, (desk, found) => desk.replace(found, /[\w.-]+/, FREE.name)],
  [/^use at most 63 lower-case letters/, (desk, found) => desk.replace(found, /[\w.-]+/, FREE.name)],
  [/^a name holds no "=" and no space$/, (desk, found) => desk.replace(found, /[^:]+(?=:)/, 'NAME')],
  [
    /^use a number of (\d+)-(\d+), which is kept for static ports$/,
    (desk, found, [from = '']) => desk.replace(found, /\d+/, String(Number(from) + 3 + found.line)),
  ],
  [
    /^use a number from (\d+) on$/,
    (desk, found, [from = '']) => desk.replace(found, /\d+/, String(Number(from) + 1)),
  ],
  [
    /^stay below 32768$/,
    (desk, found) =>
      setHere(
        desk,
        found,
        /61000/.test(found.message) ? { from: 20000, to: 20999 } : { from: 30000, to: 32767 },
      ),
  ],
  [/^use another number/, (desk, found) => desk.replace(found, /\d+/, desk.freePort())],
  [
    /^let (\w+) begin at (\d+), or end before/,
    (desk, _found, [range = '', from = '']) => desk.set(CONTRACT, ['ranges', range, 'from'], Number(from)),
  ],
  [
    /^give one of them another number, or remove static$/,
    (desk, found) => desk.replace(found, /\d+/, desk.freePort()),
  ],
  [/^give (?:one of the ports|the port) another host/, (desk, found) => giveHost(desk, found)],
  [
    /^export (\w+), put it into an env file/,
    (desk, _found, [name = '']) => (
      desk.set(CONTRACT, ['defaults'], { envFile: '.env' }),
      desk.write('.env', `${name}=1\n`)
    ),
  ],
  [
    /^what runs here needs no certificate .* write (appProtocol: https) at its port$/,
    (desk, found) => {
      desk.drop(found, 'tls');
      desk.set(CONTRACT, [...desk.pathOf(found).slice(0, 2), 'ports'], { http: { appProtocol: 'https' } });
    },
  ],
  [/^use fewer nested anchors$/, (desk) => desk.write(CONTRACT, desk.read(CONTRACT).replace(/\*\w+/g, 'x'))],
  [/^remove the alias$/, (desk, found) => desk.replace(found, /\*\w+/, 'x')],
  [
    /^merge several anchors with one: <<: \[\*a, \*b\]$/,
    (desk) => desk.write(CONTRACT, desk.read(CONTRACT).replace(/<<: \*a\n *<<: \*b/, '<<: [*a, *b]')),
  ],
  [/^(?:a process ends with|it is run inside of|"\w+" is not supported)/, (desk, found) => desk.drop(found)],
  [/^a key is a plain word, followed by ":"$/, (desk, found) => desk.replace(found, /\[a\]/, 'key')],
  [
    /^(?:the|a) contract is YAML or JSON in UTF-8$/,
    (desk) => desk.write(CONTRACT, desk.read(CONTRACT).replaceAll('\x01', '')),
  ],
  [/^reference something that it has$/, (desk, found) => setHere(desk, found, '${self.name}')],
  [/^declare a port, or use log$/, (desk, found) => desk.drop(found, 'ports')],
  [
    /^put a backslash before/,
    (desk, found) => setHere(desk, found, desk.valueAt(found).replace(/[()]/g, String.raw`\$&`)),
  ],
  [/^add (start: request)$/, (desk, found, [snippet = '']) => desk.put(found, snippet)],
  [/^add (kind: task), or write start: manual$/, (desk, found, [snippet = '']) => desk.put(found, snippet)],
  [/^end the value with "/, (desk, found) => desk.write(found.file, `${desk.read(found.file).trimEnd()}"\n`)],
  [
    /^take it out; if the file is UTF-16/,
    (desk, found) => desk.write(found.file, desk.read(found.file).replaceAll('\0', '')),
  ],
  [/^remove one of them$/, (desk, { message }) => desk.remove(/^(\S+) is not read/.exec(message)?.[1] ?? '')],
  [/^name those that need it: (access: .+)$/, (desk, found, [snippet = '']) => desk.put(found, snippet)],
  [
    /^have it listen where PORT says, or write (strategy: replace)$/,
    (desk, found, [snippet = '']) =>
      desk.set(CONTRACT, [...desk.pathOf(found).slice(0, 2), 'transition'], parse(snippet)),
  ],
];
