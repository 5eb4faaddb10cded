import { describe, expect, it } from 'vitest';

import { identity, planOf } from './stack.ts';

const CHAIN = [
  'services:',
  '  web: { command: x, consumes: [api] }',
  '  api: { command: x, consumes: [db, { service: auth, optional: true }] }',
  '  auth: { command: x, consumes: [api], ports: { http: , admin: , grpc: { appProtocol: grpc } } }',
  '  db: { command: x, ports: { pg: { appProtocol: tcp } } }',
  '  job: { kind: task, command: x, consumes: [db] }',
  '  late: { command: x, ports: false, consumes: [job, { service: db, condition: started }] }',
].join('\n');

describe('a plan', () => {
  it('puts providers before consumers, and is not bothered by an optional circle', () => {
    const { plan, diagnostics } = planOf(CHAIN);
    expect(diagnostics).toEqual([]);
    expect([...plan.services.keys()]).toEqual(['db', 'api', 'web', 'auth', 'job', 'late']);
  });

  it('fills in conditions', () => {
    const { services } = planOf(CHAIN).plan;
    expect(services.get('late')?.needs).toEqual([
      { service: 'job', optional: false, condition: 'completed' },
      { service: 'db', optional: false, condition: 'started' },
    ]);
    expect(services.get('api')?.needs[1]).toEqual({ service: 'auth', optional: true, condition: 'ready' });
  });

  it('gives the main checkout short names too', () => {
    const hosts = planOf(CHAIN)
      .plan.services.get('auth')
      ?.ports.map((port) => [port.hosts, port.shortHosts]);
    expect(hosts).toEqual([
      [['auth.shop.localhost'], ['auth.localhost']],
      [['admin.auth.shop.localhost'], []],
      [[], []],
    ]);
  });

  it('puts wildcards below the stack, and leaves other domains alone', () => {
    const body =
      'services: { web: { command: x, ports: { http: { host: [app, "*.app", a.example.com] } } } }';
    expect(planOf(body, identity({ slug: 'shop-x' })).plan.services.get('web')?.ports[0]).toMatchObject({
      hosts: ['app.shop-x.localhost'],
      shortHosts: ['app.localhost'],
      extraHosts: ['*.app.shop-x.localhost', 'a.example.com'],
    });
  });

  it.each([
    ['a worktree', identity({ main: false, slug: 'shop-x' }), ['web.shop-x.localhost']],
    [
      'another environment',
      identity({ environment: 'test', slug: 'shop-test' }),
      ['web.shop-test.localhost'],
    ],
  ])('gives %s only long ones', (_name, stack, hosts) => {
    const [port] = planOf(CHAIN, stack).plan.services.get('web')?.ports ?? [];
    expect(port).toMatchObject({ hosts, shortHosts: [] });
  });
});

describe('findings', () => {
  const find = (body: string): string[] =>
    planOf(body).diagnostics.map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`);

  it('tell each circle once, whole', () => {
    expect(
      find(
        'services:\n  a: { command: x, consumes: [b] }\n  b: { command: x, consumes: [c, a] }\n  c: { command: x, consumes: [a] }\n  d: { command: x, consumes: [d] }\n  e: { command: x, consumes: [a] }\n',
      ),
    ).toEqual([
      '4:31 PR012 these services wait for each other: a → b → c → a',
      '7:31 PR012 these services wait for each other: d → d',
    ]);
  });

  it('name services that do not exist, and go on without them', () => {
    const { plan, diagnostics } = planOf(
      'services:\n  a: { command: x, consumes: [nobody, b] }\n  b: { command: x }\n',
    );
    expect(diagnostics).toMatchObject([
      { code: 'PR010', line: 4, column: 31, hint: 'the services are: a, b' },
    ]);
    expect(plan.services.get('a')?.needs.map((need) => need.service)).toEqual(['b']);
  });

  it('compare host names of all ports of a stack', () => {
    expect(
      find(
        'services:\n  a: { command: x, ports: { http: { host: [a, x] } } }\n  b: { command: x, ports: { http: , c: { host: x } } }\n',
      ),
    ).toEqual(['5:48 PR013 x.shop.localhost would lead to both a (port http) and b (port c)']);
  });

  it('accept a variable that the contract sets itself', () => {
    const body = (env: string): string =>
      `services:\n  docker: { command: x }\n  a: { command: x, consumes: [docker]${env} }\n`;
    expect(find(body(''))).toEqual([expect.stringContaining('PR014 a: DOCKER_HOST')]);
    expect(find(body(', env: { DOCKER_HOST: "" }'))).toEqual([]);
  });

  it('reserve what portramp says about itself', () => {
    expect(
      find(
        'services:\n  portramp: { command: x, ports: { http: { host: p } } }\n  a: { command: x, consumes: [portramp] }\n',
      ),
    ).toEqual(
      [
        expect.stringContaining('PORTRAMP_HOST'),
        expect.stringContaining('PORTRAMP_PORT'),
        expect.stringContaining('PORTRAMP_URL would be both'),
        expect.stringContaining('PORTRAMP_PUBLIC_URL'),
      ].sort(() => 0),
    );
  });

  it('count numbers, not services', () => {
    const services = Array.from({ length: 9_874 }, (_, index) =>
      index === 0 ? '  s0: { command: x, ports: false }\n' : `  s${index}: { command: x }\n`,
    );
    expect(find(`services:\n${services.join('')}`)).toEqual([
      '3:1 PR009 these services need 9873 port numbers, and 20128-29999 holds 9872',
    ]);
  });
});
