import { describe, expect, it } from 'vitest';

import type { ProcessService, TaskService } from '../../../src/contract/contract.ts';
import { parseContract } from '../../../src/contract/parse.ts';
import { HEAD, brief, complain, read } from './read.ts';

const process = (body: string, environment?: string, overlay?: string): ProcessService => {
  const service = read(
    `services:\n  api:\n    command: npm run dev\n${body}`,
    environment,
    overlay,
  ).services.get('api');
  if (service?.kind !== 'process') throw new Error('no process');
  return service;
};

describe('defaults', () => {
  it('make the smallest service a process with one port, http, under its own name', () => {
    expect(process('')).toEqual({
      kind: 'process',
      name: 'api',
      dir: '.',
      command: 'npm run dev',
      envFiles: [],
      env: {},
      consumes: [],
      url: undefined,
      ports: [
        {
          name: 'http',
          appProtocol: 'http',
          hosts: ['api'],
          extraHosts: [],
          paths: ['/'],
          primary: true,
          implicit: true,
          visibility: 'public',
          listener: 'own',
          ramp: false,
        },
      ],
      transition: { strategy: 'replace', drainTimeout: 1_000, onUnready: 'rollback', onConflict: 'fail' },
      replicas: 1,
      watch: [],
      start: 'auto',
      stop: { signal: 'SIGTERM', timeout: 10_000 },
      resolve: 'portramp',
      ready: { kind: 'default', interval: 250 },
      restart: { policy: 'on-failure', max: 5 },
    });
  });

  it('are merged under every process and task, field by field', () => {
    const { services } = read(
      [
        'defaults:',
        '  env: { A: base, B: base, C: base }',
        '  envFile: [.env]',
        '  restart: { max: 2 }',
        '  stop: { timeout: 1s }',
        '  ready: { interval: 1s }',
        '  resolve: system',
        'services:',
        '  api: { command: x, dir: apps/api, env: { B: own, C: null }, envFile: [../.env], restart: { policy: always }, stop: { signal: SIGINT } }',
        '  job: { kind: task, command: x }',
      ].join('\n'),
    );
    const api = services.get('api') as ProcessService;
    expect(api.env).toEqual({ A: 'base', B: 'own', C: null });
    expect(api.envFiles).toEqual([
      { path: '.env', optional: false, place: ['defaults', 'envFile', 0] },
      { path: 'apps/.env', optional: false, place: ['services', 'api', 'envFile', 0] },
    ]);
    expect(api.restart).toEqual({ policy: 'always', max: 2 });
    expect(api.stop).toEqual({ signal: 'SIGINT', timeout: 1000 });
    expect(api.ready).toEqual({ kind: 'default', interval: 1000 });
    expect(api.resolve).toBe('system');
    const job = services.get('job') as TaskService;
    expect(job).toMatchObject({ run: 'always', env: { A: 'base' }, stop: { timeout: 1000 }, ports: [] });
  });
});

describe('values of variables', () => {
  it('are passed as written', () => {
    const { env } = process(
      '    env: { A: 1.10, B: 0755, C: yes, D: true, E: null, F: "", G: 1e3, H: 0x1F, I: ~ }\n',
    );
    expect(env).toEqual({
      A: '1.10',
      B: '0755',
      C: 'yes',
      D: 'true',
      E: null,
      F: '',
      G: '1e3',
      H: '0x1F',
      I: null,
    });
  });
});

describe('ports', () => {
  const ports = (text: string): unknown => process(`    ports: ${text}\n`).ports;

  it('may be none', () => {
    expect(ports('false')).toEqual([]);
  });

  it('get the name of the service, a second one its own in front', () => {
    expect(ports('{ http: , admin: }')).toMatchObject([
      { name: 'http', hosts: ['api'], primary: true, implicit: false },
      { name: 'admin', hosts: ['admin.api'], primary: false },
    ]);
  });

  it('have host names only where the front can route', () => {
    expect(
      ports('{ pg: { appProtocol: tcp, primary: true }, admin: , grpc: { appProtocol: grpc } }'),
    ).toMatchObject([
      { name: 'pg', hosts: [], primary: true },
      { name: 'admin', hosts: ['api'] },
      { name: 'grpc', hosts: [] },
    ]);
  });

  it('take a label, several, or none', () => {
    expect(ports('{ http: { host: [a, b, a] }, b: { host: c }, c: { host: false } }')).toMatchObject([
      { hosts: ['a', 'b'] },
      { hosts: ['c'] },
      { hosts: [] },
    ]);
  });

  it('take wildcards and whole domains on top of a label', () => {
    expect(
      ports(
        '{ http: { host: ["*.api", a.example.com, b] }, b: { host: "*.x.example.com" }, c: { host: false } }',
      ),
    ).toMatchObject([
      { hosts: ['b'], extraHosts: ['*.api', 'a.example.com'] },
      { hosts: ['b.api'], extraHosts: ['*.x.example.com'] },
      { hosts: [], extraHosts: [] },
    ]);
    expect(ports('{ http: { host: "*.api", visibility: private } }')).toMatchObject([
      { hosts: [], extraHosts: [] },
    ]);
  });

  it('take a path or several, without a slash at the end', () => {
    expect(ports('{ http: { path: /v1/, rewrite: /x/ }, b: { path: [/, /a, /a/] } }')).toMatchObject([
      { paths: ['/v1'], rewrite: '/x' },
      { paths: ['/', '/a'] },
    ]);
  });

  it.each(['api', '/a//b', '/a/../b', '/.', '/a?b', '/a#b', '/a%20b', '//x', '/a b', ''])(
    'do not take the path %j',
    (path) => {
      expect(() => ports(`{ http: { path: ${JSON.stringify(path)} } }`)).toThrow();
    },
  );
});

describe('external services', () => {
  const external = (text: string): unknown =>
    read(`services:\n  x: { external: ${text} }\n`).services.get('x');

  it.each([
    ['https://billing.example.com', 'https', 'billing.example.com', 443, 'https', ['x']],
    ['http://Host:8080/', 'http', 'host', 8080, 'http', ['x']],
    ['"db.example.com:5432"', 'tcp', 'db.example.com', 5432, 'tcp', []],
    ['"[::1]:5432"', 'tcp', '::1', 5432, 'tcp', []],
    ['"h:80", ports: { web: { appProtocol: http } }', 'http', 'h', 80, 'http', ['x']],
  ])('%s', (text, protocol, host, port, appProtocol, hosts) => {
    expect(external(text)).toMatchObject({
      kind: 'external',
      target: { protocol, host, port },
      ports: [{ appProtocol, hosts, primary: true }],
    });
  });

  it('say how their certificate is checked', () => {
    const tls = '{ ca: ./certs/../corp.pem, serverName: billing.corp }';
    expect(external(`https://10.0.0.5, tls: ${tls}`)).toMatchObject({
      tls: { ca: 'corp.pem', verify: true, serverName: 'billing.corp' },
    });
    expect(external('https://10.0.0.5, tls: { verify: false }')).toMatchObject({ tls: { verify: false } });
    expect(complain('services:\n  x: { external: http://h, tls: { verify: false } }\n')).toEqual([
      '4:28 PR001 "tls" does nothing for an address that says http | write external: https://h, or remove tls',
    ]);
    expect(complain('services:\n  x: { external: https://h, tls: { serverName: "a b" } }\n')).toEqual([
      expect.stringContaining('this is no host name'),
    ]);
  });

  it.each([
    'billing.example.com',
    'ftp://x',
    'https://x/path',
    'https://user@x',
    '"x:0"',
    '"x:70000"',
    '"${HOST}:1"',
  ])('cannot be %s', (text) => {
    expect(complain(`services:\n  x: { external: ${text} }\n`)).toEqual([
      expect.stringMatching(/^4:18 PR001 .* is not an address/),
    ]);
  });
});

describe('pages', () => {
  it('of other sites may ask, or send no more than a form', () => {
    const access = 'browser: { origins: [web], formPosts: [https://login.example.com, "null"] }';
    expect(process(`    access: { ${access} }\n`).access).toEqual({
      from: undefined,
      browser: ['web'],
      formPosts: ['https://login.example.com', 'null'],
    });
    expect(process('    access: "*"\n').access).toEqual({ browser: 'any' });
    expect(process('    access: { from: [web], browser: any }\n').access).toEqual({
      from: ['web'],
      browser: 'any',
    });
    expect(process('').access).toBeUndefined();
    expect(process('    access: { browser: { formPosts: [https://a.example] } }\n').access).toEqual({
      formPosts: ['https://a.example'],
    });
    expect(complain('services:\n  a: { command: x, access: { browser: { formPosts: [web] } } }\n')).toEqual([
      expect.stringContaining('this is not an origin | write scheme, host and port'),
    ]);
  });
});

describe('host names in other letters', () => {
  it('are written as browsers send them, and are none where no browser would', () => {
    const host = (name: string): string =>
      `services:\n  a: { command: x, ports: { http: { host: ${name} } } }\n`;
    const [port] = read(host('xn--bcher-kva')).services.get('a')?.ports ?? [];
    expect(port).toMatchObject({ hosts: ['xn--bcher-kva'] });
    expect(complain(host('"*.xn--bcher-kva"'))).toEqual([]);
    expect(complain(host('xn--bcher-kva.example.com'))).toEqual([]);
    for (const name of ['xn--a', 'xn--', 'xn--zzzzzz999', '"*.xn--a"', 'xn--a.example.com']) {
      expect(complain(host(name))).toEqual([expect.stringContaining('xn--bcher-kva for bücher')]);
    }
    expect(complain(host('bücher'))).toEqual([expect.stringContaining('xn--bcher-kva for bücher')]);
  });
});

describe('environments', () => {
  const body = [
    '    env: { A: base, B: base }',
    '    consumes: [db]',
    '  db: { command: run-db }',
    'environments:',
    '  test:',
    '    defaults: { env: { MODE: test } }',
    '    services:',
    '      api: { env: { B: null, C: 1.0 }, consumes: [], ports: { debug: } }',
    '      db: { command: null, external: "localhost:5432" }',
    '  plain:',
    '',
  ].join('\n');

  it('are not merged unless chosen', () => {
    expect(process(body)).toMatchObject({ env: { A: 'base', B: 'base' }, consumes: [{ service: 'db' }] });
  });

  it('merge maps, and replace lists and values; null takes away', () => {
    const { services, environment, environments } = read(
      `services:\n  api:\n    command: npm run dev\n${body}`,
      'test',
    );
    expect(environment).toBe('test');
    expect(environments).toEqual(['dev', 'test', 'plain']);
    const api = services.get('api') as ProcessService;
    expect(api.env).toEqual({ MODE: 'test', A: 'base', B: null, C: '1.0' });
    expect(api.consumes).toEqual([]);
    expect(api.ports.map((port) => port.name)).toEqual(['debug']);
    expect(services.get('db')).toMatchObject({ kind: 'external' });
  });

  it('may change nothing', () => {
    expect(process(body, 'plain').env).toEqual({ A: 'base', B: 'base' });
  });

  it('lie below the personal overlay, which may have environments too', () => {
    const overlay =
      'services: { api: { env: { A: mine } } }\nenvironments: { test: { services: { api: { env: { B: mine } } } } }\n';
    expect(process(body, 'test', overlay).env).toMatchObject({ A: 'mine', B: 'mine' });
  });

  it('are named when they do not exist', () => {
    expect(complain('services:\n  api: { command: x }\nenvironments:\n  test:\n', 'tset')).toEqual([
      '6:3 PR001 there is no environment "tset" | did you mean "test"?',
    ]);
  });

  it('are found at fault in their own file', () => {
    const { diagnostics } = parseContract(
      [
        { file: 'portramp.yaml', text: `${HEAD}services: { api: { command: x } }\n` },
        { file: 'portramp.local.yaml', text: '\nservices:\n  api: { env: [] }\n' },
      ],
      'dev',
    );
    expect(diagnostics).toMatchObject([{ file: 'portramp.local.yaml', line: 3, column: 10 }]);
  });

  it('may be an empty personal file', () => {
    expect(process('', 'dev', '# nothing yet\n').name).toBe('api');
  });
});

describe('YAML', () => {
  it('may use anchors, merge keys and x- keys', () => {
    const { services } = read(
      [
        'x-base: &base { command: npm run dev, env: { A: 1 } }',
        'x-more: &more { command: other, start: manual }',
        'services:',
        '  a: { <<: *base, x-note: 1 }',
        '  b: { <<: [*base, *more], env: { B: 2 } }',
      ].join('\n'),
    );
    expect(services.get('a')).toMatchObject({ command: 'npm run dev', env: { A: '1' }, start: 'auto' });
    expect(services.get('b')).toMatchObject({ command: 'npm run dev', env: { B: '2' }, start: 'manual' });
  });

  it('may be JSON, with tabs and a byte order mark', () => {
    const text =
      '\uFEFF{\n\t"version": 1,\n\t"workspace": "shop",\n\t"services": { "api": { "command": "x" } }\n}\n';
    const { contract, diagnostics } = parseContract([{ file: 'portramp.json', text }], 'dev');
    expect(diagnostics).toEqual([]);
    expect(contract?.services.has('api')).toBe(true);
  });

  it('keeps the order of the file, also of names made of digits', () => {
    expect([
      ...read('services:\n  b: { command: x }\n  2: { command: x }\n  1: { command: x }\n').services.keys(),
    ]).toEqual(['b', '2', '1']);
  });

  it.each([
    [
      'an alias without an anchor',
      'services:\n  a: { <<: *nothing, command: x }\n',
      /^4:12 PR001 .*no anchor/,
    ],
    [
      'an alias inside its anchor',
      'services: &all\n  a: { command: x, env: *all }\n',
      /^4:25 PR001 .*inside what it repeats/,
    ],
    ['a tag', 'services:\n  a: { command: !sh x }\n', /^4:17 PR001 .*tag/],
    [
      'a prototype',
      'services:\n  a: { command: x, __proto__: { dir: x } }\n',
      /^4:20 PR001 this cannot be a key/,
    ],
    ['a key that is a list', 'services:\n  ? [a]\n  : { command: x }\n', /^4:5 PR001 this cannot be a key/],
  ])('refuses %s', (_name, body, expected) => {
    expect(complain(body)).toContainEqual(expect.stringMatching(expected));
  });
});

describe('findings', () => {
  it('are told all at once, by place, each once', () => {
    const found = complain(
      [
        'x-shared: &shared { comand: x }',
        'services:',
        '  a: { <<: *shared, command: x, stop: { timeout: 10, signal: TERM } }',
        '  b: { <<: *shared, command: x, consumes: [a, a] }',
        'groups: { b: [a] }',
      ].join('\n'),
    );
    expect(found.map((text) => text.split(' |')[0])).toEqual([
      '3:21 PR001 unknown key "comand" in services.a',
      '3:21 PR001 unknown key "comand" in services.b',
      '5:50 PR001 services.a.stop.timeout: a duration carries its unit, and this is a number',
      '5:62 PR001 services.a.stop.signal: this must be SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2 or SIGKILL',
      '6:47 PR001 "a" is consumed twice',
      '7:11 PR001 "b" is the name of a group and of a service',
    ]);
  });

  it('do not follow from each other', () => {
    expect(complain('services:\n  a: { comand: x }\n')).toEqual([
      '4:8 PR001 unknown key "comand" in services.a | did you mean "command"?',
    ]);
  });

  it.each([
    ['depends_on: [b]', 'consumes'],
    ['environment: { A: "1" }', 'env'],
    ['working_dir: app', 'dir'],
    ['healthcheck: {}', 'ready'],
    ['port: 80', 'ports'],
    ['env_file: .env', 'envFile'],
  ])('name the key of the contract for that of another tool: %s', (line, key) => {
    const [word = ''] = line.split(':');
    expect(complain(`services:\n  a: { command: x, ${line} }\n`)).toEqual([
      `4:20 PR001 unknown key "${word}" in services.a | did you mean "${key}"?`,
    ]);
  });

  it.each([
    ['both kinds', '{ command: x, external: "x:1" }', 'has a command and is external'],
    ['run without a task', '{ command: x, run: manual }', '"run" does nothing for a process'],
    [
      'a probe of a task',
      '{ kind: task, command: x, ready: { tcp: true } }',
      '"ready" does nothing for a task',
    ],
    [
      'an external with env',
      '{ external: "x:1", env: { A: 1 } }',
      '"env" does nothing for an external service',
    ],
    [
      'a certificate of a process',
      '{ command: x, tls: { verify: false } }',
      'write appProtocol: https at its port',
    ],
    ['an external with two ports', '{ external: "x:1", ports: { a: , b: } }', 'exactly one port'],
    ['two probes', '{ command: x, ready: { http: /, log: x } }', 'one way to tell'],
    ['a relative path', '{ command: x, ready: { http: healthz } }', 'neither a path nor a URL'],
    ['a bad pattern', '{ command: x, ready: { log: "(" } }', 'not a regular expression'],
    [
      'an endless pattern',
      "{ command: x, ready: { log: 'up(?= now)' } }",
      '"(?=" in a regular expression could take',
    ],
    [
      'an endless watch',
      "{ command: x, watch: ['src/+(a|a?)b'] }",
      'this pattern could be compared with a path for ever',
    ],
    [
      'a probe without a port',
      '{ command: x, ports: false, ready: { tcp: true } }',
      'no port that could be probed',
    ],
    ['an unknown probed port', '{ command: x, ready: { tcp: grpc } }', 'has no port "grpc"'],
    ['a host on tcp', '{ command: x, ports: { pg: { appProtocol: tcp, host: db } } }', 'has no host name'],
    [
      'a second first port',
      '{ command: x, ports: { http: , b: { primary: true } } }',
      'cannot be the first port',
    ],
    ['a NUL byte', '{ command: "a\\0b" }', 'NUL'],
    ['no ports at all', '{ command: x, ports: {} }', 'this map is empty'],
    ['a duration without end', '{ command: x, stop: { timeout: 100h } }', 'at most 24h'],
    ['a probe without a pause', '{ command: x, ready: { interval: 0s } }', 'cannot be 0'],
    ['nothing', '', 'this must be a map'],
  ])('name %s', (_name, service, expected) => {
    const found = complain(`services:\n  a: ${service}\n`);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
  });

  it('reserve the words of references', () => {
    expect(complain('services:\n  self: { command: x }\n  stack: { command: x }\n')).toHaveLength(2);
  });
});

describe('places', () => {
  it('lead to the value, to the key of a map, and to defaults', () => {
    const contract = read(
      'defaults:\n  env:\n    A: 1\nservices:\n  api:\n    command: x\n    env:\n      B: 2\n',
    );
    const at = (...path: (string | number)[]): string => {
      const { file, line, column } = contract.locate(path);
      return `${file}:${line}:${column}`;
    };
    expect(at('services', 'api', 'env', 'B')).toBe('portramp.yaml:10:10');
    expect(at('services', 'api', 'env', 'A')).toBe('portramp.yaml:5:8');
    expect(at('services', 'api')).toBe('portramp.yaml:7:3');
    expect(at('services', 'api', 'ports', 'http')).toBe('portramp.yaml:7:3');
    expect(at('nothing')).toBe('portramp.yaml:1:1');
  });
});

describe('what is left of a bad contract', () => {
  const partial = (body: string): boolean =>
    parseContract([{ file: 'f', text: HEAD + body }], 'dev').partial !== undefined;

  it('is used to find more, unless that could mislead', () => {
    expect(partial('services: { a: { command: x, watsh: 1 } }\n')).toBe(true);
    expect(partial('services: { a: { command: 5 } }\n')).toBe(false);
    expect(partial('services: { a: { command: x, ports: 5 } }\n')).toBe(false);
    expect(partial('services: { a: 5, b: { command: x } }\n')).toBe(false);
  });

  it('is nothing for another workspace', () => {
    const {
      contract,
      partial: rest,
      diagnostics,
    } = parseContract([{ file: 'f', text: 'version: 1\n' }], 'dev');
    expect([contract, rest]).toEqual([undefined, undefined]);
    expect(brief(diagnostics)).toEqual([
      '1:1 PR001 the contract lacks "workspace" | add workspace: NAME',
      '1:1 PR001 the contract lacks "services" | add services: { api: { command: npm run dev } }',
    ]);
  });
});
