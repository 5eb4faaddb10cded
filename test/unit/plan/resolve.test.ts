import { describe, expect, it } from 'vitest';

import type { ResolvedService } from '../../../src/plan/plan.ts';
import { resolutionOf, identity, type Surroundings } from './stack.ts';

const SHOP = [
  'services:',
  '  db: { command: x, ports: { pg: { appProtocol: tcp } }, url: "postgres://${self.host}:${self.port}/app_${stack.ident}" }',
  '  auth-api: { command: x, ports: { http: , grpc: { appProtocol: grpc } } }',
  '  billing: { external: https://billing.example.com }',
  '  job: { kind: task, command: x }',
  '',
].join('\n');

/** The service `api` with these fields, resolved without findings. */
function api(fields: string, around: Surroundings = {}, body = SHOP): ResolvedService {
  const { services, diagnostics } = resolutionOf(`${body}  api: { command: run${fields} }\n`, around);
  expect(diagnostics).toEqual([]);
  return services.get('api')!;
}

/** What is wrong with `api`. */
const complain = (fields: string, around: Surroundings = {}): string[] =>
  resolutionOf(`${SHOP}  api: { command: run${fields} }\n`, around).diagnostics.map(
    ({ code, severity, message, hint }) => `${code} ${severity} ${message} | ${hint}`,
  );

const value = (template: string, around?: Surroundings): string | undefined =>
  api(`, env: { X: '${template}' }`, around).env['X'];

describe('what a service is told', () => {
  it('is about itself', () => {
    expect(api(', ports: { http: , debug-x: { host: false } }').env).toEqual({
      PORT: '20203',
      HOST: '127.0.0.1',
      DEBUG_X_PORT: '20204',
      PORTRAMP_URL: 'http://api.shop.localhost:7267',
      PORTRAMP_SERVICE: 'api',
      PORTRAMP_STACK: 'shop',
      PORTRAMP_WORKSPACE: 'shop',
    });
  });

  it('is little without a port', () => {
    expect(Object.keys(api(', ports: false').env)).toEqual([
      'PORTRAMP_SERVICE',
      'PORTRAMP_STACK',
      'PORTRAMP_WORKSPACE',
    ]);
  });

  it('is about what it consumes, and no other', () => {
    const { env } = api(', ports: false, consumes: [db, { service: auth-api, port: grpc }, billing, job]');
    expect(env).toMatchObject({
      DB_HOST: '127.0.0.1',
      DB_PORT: '20200',
      DB_URL: 'postgres://127.0.0.1:20200/app_shop',
      AUTH_API_HOST: '127.0.0.1',
      AUTH_API_PORT: '20201',
      AUTH_API_URL: 'http://127.0.0.1:20201',
      AUTH_API_PUBLIC_URL: 'http://auth-api.shop.localhost:7267',
      AUTH_API_GRPC_PORT: '20202',
      BILLING_HOST: 'billing.example.com',
      BILLING_PORT: '443',
      BILLING_URL: 'https://billing.example.com',
      BILLING_PUBLIC_URL: 'http://billing.shop.localhost:7267',
    });
    expect(Object.keys(env).filter((key) => /^(JOB|DB_PUBLIC)/.test(key))).toEqual([]);
  });

  it('has the forms of Aspire and Kubernetes where they are asked for', () => {
    const { env } = api(
      ', ports: false, consumes: [auth-api]',
      {},
      `discovery: { aspire: true, kubernetes: true }\n${SHOP}`,
    );
    expect(env).toMatchObject({
      'services__auth-api__http__0': 'http://127.0.0.1:20201',
      'services__auth-api__grpc__0': 'http://127.0.0.1:20202',
      AUTH_API_SERVICE_HOST: '127.0.0.1',
      AUTH_API_SERVICE_PORT: '20201',
    });
  });

  it('has nothing of a port that is private, in no form', () => {
    const { services } = resolutionOf(
      `discovery: { aspire: true, kubernetes: true }
services:
  hidden: { command: x, ports: { http: { visibility: private } } }
  api: { command: x, ports: false, consumes: [hidden] }
`,
    );
    const { env = {} } = services.get('api') ?? {};
    expect(Object.keys(env).filter((key) => /hidden/i.test(key))).toEqual([]);
    expect(env).toHaveProperty('PORTRAMP_SERVICE', 'api');
  });

  it('is in the order shell < env file < injected < env', () => {
    const envFiles = new Map([
      ['a.env', { A: 'file', B: 'file', PORT: 'file', C: 'first' }],
      ['b.env', { C: 'second' }],
    ]);
    const service = api(
      ', envFile: [a.env, b.env], env: { B: own, HOST: null, SEEN: "${A} ${C} ${PORT} ${SHELL_ONLY}" }',
      {
        envFiles,
        ambient: { A: 'shell', SHELL_ONLY: 'shell' },
      },
    );
    expect(service.env).toMatchObject({
      A: 'file',
      B: 'own',
      C: 'second',
      PORT: '20203',
      SEEN: 'file second 20203 shell',
    });
    expect(service.env).not.toHaveProperty('HOST');
    expect(service.unset).toEqual(['HOST']);
  });

  it('lets a variable of the shell go on under its own name', () => {
    expect(api(', env: { PATH: "${PATH}:/more" }', { ambient: { PATH: '/bin' } }).env['PATH']).toBe(
      '/bin:/more',
    );
  });
});

describe('references to a port with a path', () => {
  it.each([
    ['publicUrl', 'http://web.shop.localhost:7267/v1'],
    ['publicWsUrl', 'ws://web.shop.localhost:7267/v1'],
    ['publicHost', 'web.shop.localhost:7267'],
    ['hosts', 'web.shop.localhost,web.localhost,a.example.com'],
    ['url', 'http://127.0.0.1:20200'],
  ])('%s', (attribute, expected) => {
    const port = '{ http: { host: [web, a.example.com], path: [/v1, /v2] } }';
    const { services } = resolutionOf(
      `services:\n  api:\n    command: x\n    ports: ${port}\n    env:\n      X: \${self.${attribute}}\n`,
    );
    expect(services.get('api')?.env).toMatchObject({ X: expected });
    if (attribute === 'publicUrl') expect(services.get('api')?.env['PORTRAMP_URL']).toBe(expected);
  });
});

describe('references', () => {
  it.each([
    ['${db.host} ${db.port} ${db.pg.port}', '127.0.0.1 20200 20200'],
    ['${db.url}', 'postgres://127.0.0.1:20200/app_shop'],
    ['${db.pg.url}', 'tcp://127.0.0.1:20200'],
    ['${auth-api.url} ${auth-api.wsUrl}', 'http://127.0.0.1:20201 ws://127.0.0.1:20201'],
    ['${auth-api.publicUrl}', 'http://auth-api.shop.localhost:7267'],
    ['${auth-api.publicWsUrl}', 'ws://auth-api.shop.localhost:7267'],
    ['${auth-api.publicHost}', 'auth-api.shop.localhost:7267'],
    ['${auth-api.publicHostname}', 'auth-api.shop.localhost'],
    ['${auth-api.hosts}', 'auth-api.shop.localhost,auth-api.localhost'],
    ['${auth-api.grpc.url}', 'http://127.0.0.1:20202'],
    ['${billing.url} ${billing.wsUrl}', 'https://billing.example.com wss://billing.example.com'],
    ['${self.port} ${self.publicUrl}', '20203 http://api.shop.localhost:7267'],
    ['${workspace} ${stack.slug} ${stack.ident} ${stack.index}', 'shop shop shop 0'],
    ['$${db.url} $$ $X', '${db.url} $ $X'],
  ])('%s', (template, expected) => {
    expect(value(template)).toBe(expected);
  });

  it('leave out the port of the front where it is 80', () => {
    expect(value('${self.publicUrl} ${self.publicHost}', { front: 80 })).toBe(
      'http://api.shop.localhost api.shop.localhost',
    );
  });

  it('fall back to the direct address without a front', () => {
    expect(value('${self.publicUrl} ${self.publicHost}', { front: undefined })).toBe(
      'http://127.0.0.1:20203 127.0.0.1:20203',
    );
  });

  it('say the names of this stack', () => {
    expect(
      value('${self.publicUrl} ${stack.ident}', { stack: identity({ slug: 'shop-a-b', main: false }) }),
    ).toBe('http://api.shop-a-b.localhost:7267 shop_a_b');
  });

  it.each([
    ['${apj.url}', '${apj.url}: there is no service "apj" | did you mean "${api.url}"?'],
    ['${db.prot}', '${db.prot}: a service has no "prot" | did you mean "${db.port}"?'],
    ['${db.pgg.port}', '${db.pgg.port}: db has no port "pgg" | did you mean "${db.pg.port}"?'],
    ['${db.pg.hots}', '${db.pg.hots}: a port has no "hots" | did you mean "${db.pg.hosts}"?'],
    ['${db.pg.port.x}', '${db.pg.port.x}: a port has no "port.x"'],
    ['${stack.slgu}', '${stack.slgu}: a stack has no "slgu" | did you mean "${stack.slug}"?'],
    ['${job.port}', '${job.port}: job has no port, so it has no port'],
    ['${db.publicUrl}', '${db.publicUrl}: the port pg of db has no publicUrl'],
    ['${db.wsUrl}', '${db.wsUrl}: the url of db is not http, so it has no wsUrl'],
    ['${a b}', '${a b} is neither a reference nor a variable'],
  ])('are errors where nothing is behind them: %s', (template, expected) => {
    const [found, ...others] = complain(`, env: { X: '${template}' }`);
    expect(found).toContain(`PR026 error ${expected}`);
    expect(others).toEqual([]);
  });
});

describe('variables', () => {
  it.each([
    ['${V:-x}', {}, 'x'],
    ['${V:-x}', { V: '' }, 'x'],
    ['${V}', { V: '' }, ''],
    ['${V:-${W:-deep}}', {}, 'deep'],
    ['${V:-${db.port}}', {}, '20200'],
    ['${toString:-none}', {}, 'none'],
  ])('%s', (template, ambient, expected) => {
    expect(value(template, { ambient })).toBe(expected);
  });

  it('that are not set are an error, or a note', () => {
    const hint = 'export V, put it into an env file, or write ${V:-default}';
    const fields = ', env: { X: "${V}" }';
    expect(complain(fields)).toEqual([`PR026 error \${V}: the variable V is not set | ${hint}`]);
    expect(complain(fields, { unresolvedVariables: 'note' })).toEqual([
      `PR026 note \${V}: the variable V has to be set where this runs | ${hint}`,
    ]);
  });

  it('never show their value', () => {
    const findings = complain(', env: { X: "${SECRET} ${nobody.url}" }', { ambient: { SECRET: 'hunter2' } });
    expect(JSON.stringify(findings)).not.toContain('hunter2');
  });
});

describe('commands', () => {
  const command = (text: string, around?: Surroundings): unknown =>
    api('', around, SHOP.concat(`  it: { command: ${text} }\n`)) &&
    resolutionOf(`${SHOP}  it: { command: ${text} }\n`, around).services.get('it')?.command;

  it('leave everything but references to the shell', () => {
    expect(command(`'serve --port \${self.port} --db "\${db.host}" $$ $X \${X:-y} \\\${a.b}'`)).toBe(
      'serve --port 20203 --db "127.0.0.1" $$ $X ${X:-y} \\${a.b}',
    );
  });

  it('as lists are expanded word by word, and not split', () => {
    expect(command("['serve', '${V}', '--port=${self.port}', '$$x']", { ambient: { V: 'a b' } })).toEqual([
      'serve',
      'a b',
      '--port=20203',
      '$x',
    ]);
  });

  it.each(['a b', '$(touch x)', '`x`', 'a;b', 'a&b', "a'b", 'a"b', 'a\nb', '~x', '*'])(
    'take nothing in that a shell would act on: %j',
    (secret) => {
      const body = `services:\n  db: { command: x, url: "\${V}" }\n  api: { command: 'run \${db.url}' }\n`;
      const { services, diagnostics } = resolutionOf(body, { ambient: { V: secret } });
      expect(diagnostics).toMatchObject([{ code: 'PR026', severity: 'error' }]);
      expect(services.get('api')?.command).toBe('run ');
    },
  );
});

describe('declared URLs', () => {
  const find = (body: string): string[] =>
    resolutionOf(`services:\n${body}`).diagnostics.map(({ line, message }) => `${line} ${message}`);

  it('may be made from others', () => {
    const { services, diagnostics } = resolutionOf(
      'services:\n  a: { command: x, url: "${b.url}/a" }\n  b: { command: x, url: "${self.http.url}/b" }\n  c: { command: x, consumes: [a] }\n',
    );
    expect(diagnostics).toEqual([]);
    expect(services.get('c')?.env['A_URL']).toBe('http://127.0.0.1:20201/b/a');
  });

  it('that are made from themselves are told once', () => {
    expect(
      find(
        '  a: { command: x, url: "${b.url}" }\n  b: { command: x, url: "${c.url}" }\n  c: { command: x, url: "${a.url}" }\n  d: { command: x, consumes: [a], env: { X: "${b.url}" } }\n',
      ),
    ).toEqual(['4 the url of a is made from itself: a → b → c → a']);
    expect(find('  a: { command: x, url: "${self.url}" }\n')).toEqual([
      '4 the url of a is made from itself: a → a',
    ]);
  });

  it('may be made from themselves through an injected variable', () => {
    expect(
      find('  a: { command: x, consumes: [b], url: "${B_URL}" }\n  b: { command: x, url: "${a.url}" }\n')[0],
    ).toBe('5 the url of b is made from itself: b → a → b');
  });

  it('in a long chain are an error, not the end of the stack', () => {
    const chain = Array.from(
      { length: 1000 },
      (_, index) => `  s${index}: { command: x, ports: false, url: "\${s${index + 1}.url}" }\n`,
    );
    const found = find(`${chain.join('')}  s1000: { command: x, ports: false, url: end }\n`);
    expect(found[0]).toContain('is made from too many others');
  });
});

describe('readiness', () => {
  const ready = (text: string): unknown => {
    const { service } = api(`, ready: ${text}`);
    return service.kind === 'process' && service.ready;
  };

  it('is expanded', () => {
    expect(ready("{ http: '/${workspace}' }")).toMatchObject({ kind: 'http', path: '/shop' });
    expect(ready("{ log: 'up at ${self.host}:\\d+$' }")).toMatchObject({
      pattern: 'up at 127\\.0\\.0\\.1:\\d+$',
    });
    expect(ready("{ log: 'costs $$' }")).toMatchObject({ pattern: 'costs $$' });
  });

  it('must still be a pattern then', () => {
    expect(complain(", ready: { log: '(${self.port}' }")).toEqual([
      expect.stringContaining('not a regular expression'),
    ]);
  });
});

it('folders are absolute, and an external service is not run', () => {
  const { services } = resolutionOf(`${SHOP}  api: { command: x, dir: apps/api }\n`);
  expect(services.get('api')?.dir).toBe('/home/me/shop/apps/api');
  expect(services.get('billing')).toMatchObject({ kind: 'external', command: [], env: {} });
  expect([...services.keys()]).toHaveLength(5);
});
