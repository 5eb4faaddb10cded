import { describe, expect, it } from 'vitest';

import { compare } from './revision-of.ts';

const HEAD = 'version: 1\nworkspace: shop\n';
const BASE = `${HEAD}ranges:
  dev: { from: 20000, to: 29999 }
reservations:
  - { port: 20010, service: db, owner: team-data }
  - { port: 20011, owner: team-infra, expires: 2026-06-01 }
  - { port: 20012, owner: team-infra }
groups: { backend: [api] }
discovery: { aspire: true }
services:
  web: { command: w, consumes: [api, { service: mail, optional: true }] }
  api:
    command: a
    consumes: [{ service: db, port: pg }, migrate]
    ports:
      http: { host: [api, rest] }
      grpc: { appProtocol: grpc }
      debug: { visibility: private }
    access: { from: [web] }
  db: { command: d, ports: { pg: { appProtocol: tcp, static: 20010, primary: true }, admin: { host: false } } }
  mail: { external: "mail.example.com:25" }
  lonely: { command: l }
  loop: { command: l, ports: false }
  migrate: { kind: task, command: m }
environments:
  test:
`;

const edit = (...edits: readonly (readonly [from: string, to: string])[]): string =>
  edits.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the contract has no ${from}`);
    return text.replace(from, to);
  }, BASE);

const changesOf = (after: string, before = BASE): string[] =>
  compare(before, after).changes.map(({ weight, code, message }) => `${weight} ${code}: ${message}`);

describe('the same contract twice', () => {
  it('has no difference, however it is written', () => {
    expect(compare(BASE, BASE)).toEqual({ changes: [], steps: [] });
    expect(compare(BASE, `x-note: 1\n${BASE}# a comment\n`)).toEqual({ changes: [], steps: [] });
  });
});

describe('readiness under a hand-off', () => {
  const withTransition = (strategy: string, ready: string): string =>
    edit(['lonely: { command: l }', `lonely: { command: l, transition: { strategy: ${strategy} }${ready} }`]);
  const READY = ', ready: { http: / }';

  it('is a promise; elsewhere it is not', () => {
    expect(changesOf(withTransition('handoff', ''), withTransition('handoff', READY))).toContain(
      'breaking readiness-removed: lonely no longer says when it is ready, and is replaced by handoff',
    );
    for (const [after, before] of [
      [withTransition('replace', ''), withTransition('replace', READY)],
      [withTransition('rolling', READY), withTransition('handoff', READY)],
      [withTransition('replace', ''), withTransition('handoff', READY)],
    ] as const) {
      expect(changesOf(after, before).filter((text) => text.startsWith('breaking'))).toEqual([]);
    }
  });
});

describe('breaking is', () => {
  it.each<[string, string, RegExp]>([
    [
      'a consumed service that is removed',
      edit(
        ['  mail: { external: "mail.example.com:25" }\n', ''],
        [', { service: mail, optional: true }', ''],
      ),
      /^breaking service-removed: mail is removed, and was consumed by web$/,
    ],
    [
      'a consumed task that is removed',
      edit(['  migrate: { kind: task, command: m }\n', ''], [', migrate', '']),
      /^breaking service-removed: migrate is removed, and was consumed by api$/,
    ],
    [
      'a consumed service that is renamed',
      edit(['  mail: {', '  post: {'], ['service: mail', 'service: post']),
      /^breaking service-removed: mail is removed/,
    ],
    [
      'a consumed port that is removed',
      edit(['pg: { appProtocol: tcp, static: 20010, primary: true }, ', ''], [', port: pg', '']),
      /^breaking port-removed: the port pg of db is removed, and was consumed by api$/,
    ],
    [
      'a first port that another takes the place of',
      edit(
        ['http: { host: [api, rest] }', 'http: { host: [api, rest] }\n      more: {}'],
        [
          'primary: true }, admin: { host: false }',
          'primary: false }, admin: { host: false, primary: true }',
        ],
        [', port: pg', ''],
      ),
      /^breaking variable-changed: DB_HOST, DB_PORT of api lead to another port$/,
    ],
    [
      'a dependency that is dropped',
      edit(['[api, { service: mail, optional: true }]', '[api]']),
      /^breaking consumption-removed: web no longer consumes mail/,
    ],
    [
      'a port that is no longer consumed by name',
      edit(['{ service: db, port: pg }', '{ service: db, port: admin }']),
      /^breaking consumption-removed: api no longer consumes the port pg of db/,
    ],
    [
      'a protocol',
      edit(['appProtocol: grpc', 'appProtocol: h2c']),
      /^breaking protocol-changed: api.grpc speaks h2c, and spoke grpc$/,
    ],
    [
      'a host name',
      edit(['[api, rest]', '[api, v1]']),
      /^breaking host-changed: api.http is no longer found under rest.shop.localhost$/,
    ],
    [
      'a path that is taken away',
      edit(['{ host: [api, rest] }', '{ host: [api, rest], path: [/v1] }']),
      /^breaking host-changed: .* api.shop.localhost, rest.shop.localhost$/,
    ],
    [
      'a host name that is taken away',
      edit(['{ host: [api, rest] }', '{ host: false }']),
      /^breaking host-changed: .* api.shop.localhost, rest.shop.localhost$/,
    ],
    [
      'a static port',
      edit(['static: 20010', 'static: 20013']),
      /^breaking static-changed: db.pg is pinned to 20013, and was pinned to 20010$/,
    ],
    [
      'a static port that is released',
      edit([', static: 20010', '']),
      /^breaking static-changed: db.pg is no longer pinned/,
    ],
    [
      'a variable',
      edit(['aspire: true', 'aspire: false']),
      /^breaking variable-removed: web is no longer told services__api__http__0, .*services__mail__tcp__0$/,
    ],
    [
      'access that is narrowed',
      edit(['from: [web]', 'from: [loop]']),
      /^breaking access-narrowed: api no longer lets in web$/,
    ],
    [
      'a consumed port that becomes private',
      edit(['http: { host: [api, rest] }', 'http: { visibility: private }']),
      /^breaking variable-removed: web is no longer told .*API_PORT/,
    ],
    [
      'a range that leaves out what is reserved',
      edit(['from: 20000, to: 29999', 'from: 20011, to: 29999']),
      /^breaking range-shrunk: the range of dev is 20011-29999, which leaves out 20010$/,
    ],
    [
      'a reservation for another service',
      edit(['service: db, owner', 'service: api, owner']),
      /^breaking reservation-handed-over: 20010 is reserved for api, and was for db$/,
    ],
    [
      'a reservation for somebody else outside',
      edit(['20012, owner: team-infra', '20012, owner: team-web']),
      /^breaking reservation-handed-over/,
    ],
    [
      'a workspace that is renamed',
      edit(['workspace: shop', 'workspace: store']),
      /^breaking workspace-renamed/,
    ],
    [
      'an environment that is removed',
      edit(['environments:\n  test:\n', '']),
      /^breaking environment-removed: the environment test is removed$/,
    ],
  ])('%s', (_, after, expected) => {
    expect(changesOf(after)).toEqual(expect.arrayContaining([expect.stringMatching(expected)]));
  });
});

describe('risky is', () => {
  it.each<[string, string, RegExp]>([
    [
      'access that is widened',
      edit(['from: [web]', 'from: [web, loop]']),
      /^risky access-widened: api lets in loop$/,
    ],
    [
      'access for everybody',
      edit(['    access: { from: [web] }\n', '']),
      /^risky access-widened: api lets in every service$/,
    ],
    [
      'a service that is opened to the pages of another site',
      edit(['from: [web]', 'from: [web], browser: { origins: ["https://x.example"] }']),
      /^risky access-widened: api lets in pages of https:\/\/x\.example$/,
    ],
    [
      'a service that lets in the forms of another site',
      edit(['from: [web]', 'from: [web], browser: { formPosts: ["https://x.example"] }']),
      /^risky access-widened: api lets in forms of https:\/\/x\.example$/,
    ],
    [
      'a service that is opened to every page',
      edit(['access: { from: [web] }', 'access: { from: [web], browser: any }']),
      /^risky access-widened: api lets in pages of every site$/,
    ],
    [
      'a private port that becomes public',
      edit(['visibility: private', 'host: false']),
      /^risky access-widened: api.debug is no longer private$/,
    ],
    [
      'what was optional and is required',
      edit([', optional: true', '']),
      /^risky now-required: mail was optional for web/,
    ],
    [
      'another target',
      edit(['mail.example.com:25', 'mail.example.com:587']),
      /^risky target-changed: mail is at mail.example.com:587$/,
    ],
    ['a range that moves', edit(['to: 29999', 'to: 28999']), /^risky range-changed/],
    [
      'a reservation that is given up',
      edit(['  - { port: 20012, owner: team-infra }\n', '']),
      /^risky reservation-removed: 20012 is no longer reserved$/,
    ],
    [
      'a service with a port that nobody consumes',
      edit(['  lonely: { command: l }\n', '']),
      /^risky service-removed: lonely is removed; no service consumes it$/,
    ],
    [
      'a port that nobody consumes',
      edit(['      debug: { visibility: private }\n', '']),
      /^risky port-removed: the port debug of api is removed$/,
    ],
    [
      'a group that is removed',
      edit(['groups: { backend: [api] }\n', '']),
      /^risky group-changed: the group backend is removed$/,
    ],
  ])('%s', (_, after, expected) => {
    expect(changesOf(after)).toEqual([expect.stringMatching(expected)]);
  });
});

describe('safe is', () => {
  it.each<[string, string, RegExp]>([
    [
      'a new service',
      edit(['  loop:', '  more: { command: x }\n  loop:']),
      /^safe service-added: more is new$/,
    ],
    [
      'a service without a port that nobody consumes',
      edit(['  loop: { command: l, ports: false }\n', '']),
      /^safe service-removed: loop/,
    ],
    [
      'a new port',
      edit(['      grpc:', '      more: {}\n      grpc:']),
      /^safe port-added: api has a new port more$/,
    ],
    [
      'a new host name',
      edit(['[api, rest]', '[api, rest, v1]']),
      /^safe host-added: api.http is also found under v1.shop.localhost$/,
    ],
    [
      'a path and a domain on top',
      edit(['{ host: [api, rest] }', '{ host: [api, rest, a.example.com], path: [/, /v1] }']),
      /^safe host-added: .* api.shop.localhost\/v1, rest.shop.localhost\/v1, a.example.com, a.example.com\/v1$/,
    ],
    [
      'a pinned port',
      edit(['http: { host', 'http: { static: 20020, host']),
      /^safe static-added: api.http is pinned to 20020$/,
    ],
    ['another command', edit(['command: a', 'command: b']), /^safe service-changed: api: command changed$/],
    [
      'a variable of its own',
      edit(['command: l, ports', 'command: l, env: { A: b }, ports']),
      /^safe service-changed: loop: env.A changed$/,
    ],
    [
      'a new dependency',
      edit(['command: l }', 'command: l, consumes: [db] }']),
      /^safe consumption-added: lonely consumes db$/,
    ],
    [
      'required that becomes optional',
      edit([', migrate]', ', { service: migrate, optional: true }]']),
      /^safe service-changed: api: how it waits for migrate/,
    ],
    [
      'access for fewer that were not there',
      edit(['  lonely: { command: l }', '  lonely: { command: l, access: { from: [] } }']),
      /^safe access-narrowed: lonely lets in nobody only$/,
    ],
    [
      'an expired reservation that goes',
      edit(['  - { port: 20011, owner: team-infra, expires: 2026-06-01 }\n', '']),
      /^safe reservation-removed: the expired reservation of 20011/,
    ],
    [
      'a new reservation',
      edit(['  - { port: 20012', '  - { port: 20013 }\n  - { port: 20012']),
      /^safe reservation-added: 20013 is reserved$/,
    ],
    [
      'another owner of the same service',
      edit(['service: db, owner: team-data', 'service: db, owner: team-db']),
      /^safe reservation-changed/,
    ],
    [
      'a new environment',
      edit(['  test:\n', '  test:\n  preview:\n']),
      /^safe environment-added: the environment preview is new$/,
    ],
    [
      'another weight of a rule',
      edit(['groups:', 'check: { severity: { PR021: off } }\ngroups:']),
      /^safe settings-changed: check.severity changed$/,
    ],
    [
      'how a port is treated',
      edit(['debug: { visibility', 'debug: { follow: true, visibility']),
      /^safe port-changed: api.debug: follow changed$/,
    ],
  ])('%s', (_, after, expected) => {
    expect(changesOf(after)).toEqual([expect.stringMatching(expected)]);
  });
});

describe('renamedFrom', () => {
  it('makes the rename of a service safe, with its default host name', () => {
    const after = edit(
      ['  mail: {', '  post: { renamedFrom: mail,'],
      ['service: mail', 'service: post'],
      ['  api:\n', '  backend:\n    renamedFrom: api\n'],
      ['[api, rest]', '[backend, rest]'],
      ['consumes: [api', 'consumes: [backend'],
      ['backend: [api]', 'backend-group: [backend]'],
    );
    const changes = changesOf(after).filter((text) => !text.includes('group'));
    expect(changes).toEqual([
      'safe service-renamed: api is now called backend; consumers are told BACKEND_… instead of API_…',
      'safe service-renamed: mail is now called post; consumers are told POST_… instead of MAIL_…',
    ]);
  });

  it('makes the rename of a port safe', () => {
    const after = edit(
      ['{ pg: { appProtocol', '{ sql: { renamedFrom: pg, appProtocol'],
      ['port: pg', 'port: sql'],
      ['      grpc:', '      rpc:'],
      ['appProtocol: grpc', 'appProtocol: grpc, renamedFrom: grpc'],
    );
    expect(changesOf(after).toSorted()).toEqual([
      'safe port-renamed: the port grpc of api is now called rpc',
      'safe port-renamed: the port pg of db is now called sql',
    ]);
  });

  it('of a port that never had that name says nothing', () => {
    const named = (fields: string): string[] =>
      changesOf(edit(['      grpc:', `      rpc:`], ['appProtocol: grpc', `appProtocol: grpc${fields}`]));
    expect(named(', renamedFrom: other')).toEqual(named(''));
  });

  it('does not hide what else changed', () => {
    const after = edit(
      [
        '  mail: { external: "mail.example.com:25"',
        '  post: { external: "mail.example.com:26", renamedFrom: mail',
      ],
      ['service: mail', 'service: post'],
    );
    expect(changesOf(after)).toContain('risky target-changed: post is at mail.example.com:26');
  });

  it('is history once the name is old', () => {
    const renamed = edit(['  lonely: { ', '  single: { renamedFrom: lonely, ']);
    expect(changesOf(renamed, renamed)).toEqual([]);
    expect(changesOf(edit(['  lonely: { ', '  single: { ']), renamed)).toEqual([]);
  });
});

describe('what restarts', () => {
  const stepsOf = (after: string): string[] =>
    compare(BASE, after).steps.map(({ action, service }) => `${action} ${service}`);

  it('is in order: consumers stop before, providers start before', () => {
    const after = edit(
      ['static: 20010', 'static: 20013'],
      ['  lonely: { command: l }\n', ''],
      ['  loop:', '  more: { command: x, consumes: [api] }\n  loop:'],
      ['from: [web]', 'from: [web, more]'],
    );
    expect(stepsOf(after)).toEqual(['stop lonely', 'restart db', 'restart api', 'start more']);
  });

  it('is nothing for a policy, and no restart for a host name that nobody is told', () => {
    expect(stepsOf(edit(['command: l }', 'command: l, restart: { max: 9 } }']))).toEqual([]);
    expect(stepsOf(edit(['command: l }', 'command: l, ports: { http: { host: alone } } }']))).toEqual([
      'reroute lonely',
    ]);
  });
});

it('a change of one environment says which', () => {
  const after = edit(['  test:\n', '  test: { services: { db: { ports: { pg: { static: 20014 } } } } }\n']);
  expect(compare(BASE, after).changes).toMatchObject([{ weight: 'breaking', environments: ['test'] }]);
  expect(compare(BASE, edit(['static: 20010', 'static: 20014'])).changes).toMatchObject([
    { environments: ['dev', 'test'] },
  ]);
});

it('a change stands where it is written', () => {
  expect(compare(BASE, edit(['static: 20010', 'static: 20014'])).changes[0]).toMatchObject({
    file: 'portramp.yaml',
    line: 21,
    column: 62,
  });
});
