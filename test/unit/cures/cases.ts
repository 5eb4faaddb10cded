/** Contracts whose hints no fixture has, and hints that nobody can type. */

const HEAD = 'version: 1\nworkspace: shop\n';
const DB = '  db: { command: npm run db }\n';
const top = (line: string): string => `${HEAD}${line}\nservices:\n  api: { command: npm run api }\n${DB}`;
const services = (...lines: readonly string[]): string =>
  `${HEAD}services:\n${lines.map((line) => `  ${line}\n`).join('')}${DB}`;
const api = (fields: string): string => services(`api: { command: npm run api, ${fields} }`);
const port = (fields: string): string => api(`ports: { http: { ${fields} } }`);
const compose = (fields: string): Record<string, string> => ({
  'portramp.yaml': services(`cache: { compose: redis, ${fields} }`),
  'compose.yaml': 'services:\n  redis: { image: redis, expose: [6379] }\n',
});

const containers = (contract: string, project: string): Record<string, string> => ({
  'portramp.yaml': `${HEAD}services:\n${contract}`,
  'compose.yaml': `services:\n${project}`,
});

export const CASES: readonly (readonly [name: string, text: string | Readonly<Record<string, string>>])[] = [
  ['no head', 'services: { api: { command: npm run api } }\n'],
  ['no services', HEAD],
  ['services that are commands', `${HEAD}services:\n  api: npm run api\n${DB}`],
  ['an alias in itself', `${HEAD}services:\n  api: &a { command: x, env: { A: *a } }\n${DB}`],
  [
    'two merges',
    `${HEAD}services:\n  x: &a { command: x }\n  y: &b { ports: false, command: x }\n  api:\n    <<: *a\n    <<: *b\n`,
  ],
  ['a merge of no anchor', `${HEAD}services:\n  x: &a { command: x }\n  api:\n    <<: a\n    command: x\n`],
  ['a key that is a list', `${HEAD}services:\n  api:\n    command: x\n    env:\n      ? [a]\n      : b\n`],
  ['environments that are none', top('environments: 3')],
  ['an environment that is none', top('environments: { test: 3 }')],
  ['control characters', top('').replace('shop', 'sh\x01op')],
  ['a version that is none', 'version: 2\nworkspace: shop\nservices:\n  api: { command: npm run api }\n'],
  ['services that are none', `${HEAD}services: 3\n`],
  ['services, but none', `${HEAD}services: {}\n`],
  ['groups that are none', top('groups: 3')],
  ['a group that is none', top('groups: { backend: api }')],
  ['a group with the name of a service', top('groups: { api: [db] }')],
  ['a Compose file that is none', top('compose: { file: [] }')],
  ['shares that are none', top('compose: { share: 3 }')],
  ['ranges that are none', top('ranges: 3')],
  ['a range of another environment', top('ranges: { prod: { from: 20000, to: 29999 } }')],
  ['a range upside down', top('ranges: { dev: { from: 29999, to: 20000 } }')],
  ['a range that is all static', top('ranges: { dev: { from: 20000, to: 20099, static: 100 } }')],
  ['a range without its end', top('ranges: { dev: { from: 20000 } }')],
  ['half a static number', top('ranges: { dev: { from: 20000, to: 29999, static: 1.5 } }')],
  ['a negative static', top('ranges: { dev: { from: 20000, to: 29999, static: -1 } }')],
  ['exclusions that are none', top('ranges: { dev: { from: 20000, to: 29999, exclude: 3 } }')],
  ['an exclusion that is none', top('ranges: { dev: { from: 20000, to: 29999, exclude: [x] } }')],
  ['reservations that are none', top('reservations: 3')],
  ['two reservations', top('reservations:\n  - { port: 20010, owner: a }\n  - { port: 20010, owner: b }')],
  ['a date that is none', top('reservations: [{ port: 20010, owner: a, expires: soon }]')],
  ['a date that is a number', top('reservations: [{ port: 20010, owner: a, expires: 2027 }]')],
  ['a fixed rule', top('check: { severity: { PR001: off } }')],
  ['a severity that is none', top('check: { severity: { PR020: loud } }')],
  ['a map that is none', top('check: 3')],
  ['an environment with an odd name', top('environments: { Test_1: }')],
  ['a range of a slip', top('environments: { test: }\nranges: { tset: { from: 30000, to: 30999 } }')],
  [
    'a name of a service that is a number',
    `${HEAD}services:\n  api: { command: npm run api, consumes: [5] }\n${DB}`,
  ],
  ['a long name', top('').replace('shop', 'a'.repeat(64))],
  ['two ways to run', api('external: http://example.com')],
  ['an external that is no address', services('api: { external: "https://a.example.com/x" }')],
  ['an external with two ports', services('api: { external: "a.example.com:1", ports: { a: , b: } }')],
  [
    'an external with a protocol',
    services('api: { external: "https://a.example.com", ports: { http: { appProtocol: http } } }'),
  ],
  ['tls of http', services('api: { external: "http://a.example.com", tls: { verify: false } }')],
  ['tls of a process', api('tls: { verify: false }')],
  [
    'a server name that is none',
    services('api: { external: "https://a.example.com", tls: { serverName: "a b" } }'),
  ],
  ['first, and primary of two', api('ports: { http: { primary: true }, b: { primary: true } }')],
  ['two that are primary', api('ports: { a: { primary: true }, b: { primary: true } }')],
  ['container of a process', port('container: 80')],
  ['a service with a word of references', services('self: { command: npm run self }')],
  ['rewrite without a path', port('rewrite: /')],
  ['a path without a host', port('host: false, path: /api')],
  ['a host of grpc', port('appProtocol: grpc, host: api')],
  ['no hosts', port('host: []')],
  ['no paths', port('path: []')],
  ['a path that is none', port('path: "/a?b"')],
  ['a path that is a number', port('path: [3]')],
  ['a host that is a number', port('host: [3]')],
  ['a host that is none', port('host: "A B"')],
  ['a host with a dot', port('host: api.web.localhost')],
  ['punycode that is none', port('host: xn--a')],
  ['a ramp that is not', port('ramp: false')],
  ['a ramp of the service that is not', api('ramp: false')],
  ['no ports', api('ports: {}')],
  ['a port that is a number of text', port('static: x')],
  ['port 0', port('static: 0')],
  ['port 70000', port('static: 70000')],
  ['half a port', port('static: 20000.5')],
  ['two probes', api('ready: { http: /, log: up }')],
  ['a port of no probe', api('ready: { port: http, log: up }')],
  ['a probe of no path', api('ready: { http: healthz }')],
  [
    'a probe of an unknown port',
    api('ready: { http: /, port: grcp }, ports: { http: , grpc: { appProtocol: grpc } }'),
  ],
  ['a probe of another port', api('ready: { tcp: zebra }')],
  ['a probe without ports', api('ports: false, ready: { tcp: true }')],
  ['a pattern that is none', api('ready: { log: "(" }')],
  ['a pattern that looks ahead', api('ready: { log: "up(?=x)" }')],
  ['exec in a container', compose('ready: { exec: "true" }')],
  ['a container without ports', compose('ports: { tcp: { container: 6379, appProtocol: tcp, static: 0 } }')],
  [
    'a Compose service that there is not',
    containers('  cache: { compose: zzzzzz }\n', '  redis: { image: redis, expose: [6379] }\n'),
  ],
  [
    'a port that may be one of two',
    containers(
      '  cache: { compose: redis, ports: { tcp: { appProtocol: tcp } } }\n',
      '  redis: { image: redis, expose: [5432, 6379] }\n',
    ),
  ],
  [
    'a port that speaks UDP',
    containers(
      '  dns: { compose: dns, ports: { tcp: { container: 53, appProtocol: tcp }, http: { container: 80 } } }\n',
      '  dns: { image: dns, ports: ["53/udp"], expose: [80] }\n',
    ),
  ],
  [
    'a port in the network of another container',
    containers(
      '  redis: { compose: redis }\n  side: { compose: side, ports: { http: { container: 80 } } }\n',
      '  redis: { image: redis, expose: [6379] }\n  side: { image: side, network_mode: "service:redis" }\n',
    ),
  ],
  [
    'a container in the network of one that all branches share',
    containers(
      '  redis: { compose: redis, scope: workspace }\n  side: { compose: side, ports: false }\n',
      '  redis: { image: redis, expose: [6379] }\n  side: { image: side, network_mode: "service:redis" }\n',
    ),
  ],
  [
    'a container that all branches share and that needs one of the branch',
    containers(
      '  redis: { compose: redis, scope: workspace }\n',
      '  redis: { image: redis, expose: [6379], depends_on: [store] }\n  store: { image: store }\n',
    ),
  ],
  ['cleanup that asks the branch', compose('scope: workspace, consumes: [db]')],
  ['a branch in what is shared', compose('scope: workspace, env: { NAME: "${stack.ident}" }')],
  ['a renamed service that is there', services('api: { command: npm run api, renamedFrom: db }')],
  [
    'two with one former name',
    services('a: { command: x, renamedFrom: old }', 'b: { command: x, renamedFrom: old }'),
  ],
  ['idle that never ends', api('idle: 5m')],
  ['on request without ports', api('ports: false, start: request')],
  [
    'inputs of a task that asks for none',
    services('t: { kind: task, command: npm run t, inputs: ["src/**"] }'),
  ],
  ['a task that starts', services('t: { kind: task, command: npm run t, start: manual }')],
  ['a service that runs', api('run: manual')],
  ['two ways to stop', api('stop: { signal: SIGINT, stdin: q }')],
  ['a signal that is none', api('stop: { signal: SIGFOO }')],
  ['a command without words', services('api: { command: [] }')],
  ['a command without a program', services('api: { command: ["", x] }')],
  ['an empty command', services('api: { command: "" }')],
  ['a variable that is none', api('env: { "A B": x }')],
  ['variables that are none', api('env: 3')],
  ['a NUL byte', api('env: { A: "x\\0y" }')],
  ['a NUL byte in a command', services('api: { command: "x\\0y" }')],
  ['too many attempts', api('restart: { max: 2000 }')],
  ['negative attempts', api('restart: { max: -1 }')],
  ['half attempts', api('restart: { max: 1.5 }')],
  ['a pattern that costs too much', api('watch: { paths: ["+(a*b*c*d*e*f*)+(x*)"] }')],
  ['no patterns', api('watch: { paths: [] }')],
  ['patterns that are none', api('watch: { paths: 3 }')],
  ['origins that are none', api('access: { browser: { origins: 3 } }')],
  ['posts that are none', api('access: { browser: { formPosts: 3 } }')],
  ['an origin with a path', api('access: { browser: { origins: ["https://a.example.com/x"] } }')],
  ['an origin that is none', api('access: { browser: { formPosts: ["a b"] } }')],
  ['access that is none', services('api: { command: x, access: { from: 3 } }', 'web: { command: x }')],
  ['consumers that are none', api('consumes: 3')],
  ['replicas of half', api('replicas: 1.5')],
  ['no replicas', api('replicas: 0')],
  ['too many replicas', api('replicas: 33')],
  ['a flag that is text', port('follow: "yes"')],
  ['a pattern that is compared for ever', api('watch: ["src/+(a*)"]')],
  ['a duration of zero', api('start: request, idle: 0s')],
  ['a duration of days', api('stop: { timeout: 48h }')],
  ['an env file that is missing', api('envFile: local.env')],
  [
    'an env file with a line that is none',
    { 'portramp.yaml': api('envFile: local.env'), 'local.env': 'A=1\nhello\n' },
  ],
  ['an env file with an open quote', { 'portramp.yaml': api('envFile: local.env'), 'local.env': 'A="1\n' }],
  [
    'an env file with a value that is cut',
    { 'portramp.yaml': api('envFile: local.env'), 'local.env': 'A=1\nPASS=abc#def\n' },
  ],
  ['an env file with a NUL byte', { 'portramp.yaml': api('envFile: local.env'), 'local.env': 'A=1\0\n' }],
  ['two contracts', { 'portramp.yaml': api('env: {}'), 'portramp.yml': 'version: 1\n' }],
  ['a reference to what is not there', api('env: { A: "${stack.colour}" }')],
  [
    'a pinned number without static room',
    top('ranges: { dev: { from: 20000, to: 29999, static: 0 } }').replace(
      'api: { command: npm run api }',
      'api: { command: npm run api, ports: { http: { static: 20010 } } }',
    ),
  ],
  [
    'a port of what has none',
    services(
      'w: { command: x, ports: false }',
      'api: { command: x, consumes: [w], env: { A: "${w.port}" } }',
    ),
  ],
  [
    'an image that listens',
    {
      'portramp.yaml': services('api: { command: npm run api, dir: a, ports: false }'),
      'a/Dockerfile': 'FROM node\nEXPOSE 3000\n',
    },
  ],
];

/** Hints that nobody types here, as the source writes them, and why. */
export const LEFT: Readonly<Record<string, string>> = {
  'see the reference of the contract: portramp schema': 'stands where no better text is known: no case is',
  'quote this value': 'no reader of YAML here makes such a value',
  'see who owns it: ls -ld …': 'tests run as root, who may look at everything',
  'install Docker Compose, which can read this project, to know for sure; else …': 'installs a program',
  'install Docker Compose 2.24.4 or newer, which "portramp check" asks': 'installs a program',
  'remove ipam, so that the engine chooses': 'seen only in what Compose has resolved',
  'run "portramp compose up"…, which gives each stack a number of its own':
    'a way to run the project: test/engine',
  'split the contract, or write check: { severity: { PR021: off } }':
    'of more files than a test should write',
  'see whether that is who it is reserved for': 'asks for a look, and may be right as it is',
  'install Docker Compose 2.24.4 or newer, which portramp asks instead of reading the files itself':
    'installs a program',
};
