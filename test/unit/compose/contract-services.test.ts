import { describe, expect, it } from 'vitest';

import { addComposeServices, findPortProblems } from '../../../src/compose/contract-services.ts';
import type { Contract } from '../../../src/contract/contract.ts';
import { parseContract } from '../../../src/contract/parse.ts';
import { planStack } from '../../../src/plan/plan-stack.ts';
import { resolveServices } from '../../../src/plan/resolve.ts';
import { imagineStack } from '../../../src/check/imagine.ts';
import { port, projectWith } from './project.ts';

const PROJECT = projectWith({
  postgres: { image: 'postgres:17', ports: [port(5432, '5432')], healthcheck: { test: ['CMD', 'x'] } },
  Mail_Box: {
    ports: [port(1025, '1025'), port(8025, '8025')],
    depends_on: { postgres: { condition: 'service_healthy' } },
  },
  tool: { profiles: ['tools'] },
  web: { ports: [port(80, '8080')] },
});

function read(services: string, more = ''): Contract {
  const text = `version: 1\nworkspace: shop\n${more}services:\n${services}`;
  const { contract, diagnostics } = parseContract([{ file: 'portramp.yaml', text }], 'dev');
  if (contract === undefined) throw new Error(JSON.stringify(diagnostics));
  return contract;
}

const join = (services: string, more = '') => addComposeServices(read(services, more), PROJECT);

describe('addComposeServices', () => {
  it('fills in what the project publishes, and the facts that readiness needs', () => {
    const { contract } = join('  db: { compose: postgres }\n');
    expect(contract.services.get('db')).toMatchObject({
      kind: 'compose',
      listed: true,
      image: 'postgres:17',
      hasHealthcheck: true,
      ports: [
        { name: 'tcp', appProtocol: 'tcp', container: 5432, primary: true, hosts: [], listener: 'external' },
      ],
    });
  });

  it('keeps the ports that the contract names', () => {
    const { contract } = join(
      '  db: { compose: postgres, ports: { pg: { appProtocol: tcp }, x: { container: 9 } , http: {container: 1}} }\n',
    );
    expect(contract.services.get('db')?.ports.map(({ name, container }) => [name, container])).toEqual([
      ['pg', 5432],
      ['x', 9],
      ['http', 1],
    ]);
  });

  it('starts what stands behind a profile that is on', () => {
    const startOf = (...profiles: string[]) =>
      addComposeServices(read('  db: { compose: postgres }\n'), PROJECT, profiles).contract.services.get(
        'tool',
      );
    expect(startOf('other')).toMatchObject({ start: 'manual' });
    expect(startOf('other', 'tools')).toMatchObject({ start: 'auto' });
    expect(startOf('*')).toMatchObject({ start: 'auto' });
  });

  it('adds the other services under their own names, unless the contract lists all it wants', () => {
    const { contract } = join('  db: { compose: postgres }\n  web: { command: x }\n');
    expect([...contract.services.keys()]).toEqual(['db', 'web', 'mail-box', 'tool', 'web-compose']);
    expect(contract.services.get('tool')).toMatchObject({ start: 'manual', ports: [] });
    expect(contract.services.get('mail-box')?.ports).toMatchObject([
      { name: 'port-1025', appProtocol: 'tcp', hosts: [] },
      { name: 'http', appProtocol: 'http', hosts: ['mail-box'], primary: true },
    ]);
    const listed = join('  db: { compose: postgres }\n', 'compose: { include: listed }\n');
    expect([...listed.contract.services.keys()]).toEqual(['db']);
  });

  it('takes depends_on as an order that tells nothing', () => {
    const { contract } = join('  db: { compose: postgres }\n');
    const { plan, diagnostics } = planStack(contract, imagineStack(contract));
    expect(diagnostics).toEqual([]);
    expect(plan.services.get('mail-box')?.needs).toEqual([
      { service: 'db', optional: false, condition: 'ready', silent: true },
    ]);
  });

  it('takes over what starts again with another, also where the contract says that it consumes it', () => {
    const follows = { condition: 'service_started', required: true, restart: true };
    const project = projectWith({
      db: {},
      a: { depends_on: { db: follows } },
      b: { depends_on: { db: follows } },
    });
    const { contract } = addComposeServices(
      read('  db: { compose: db }\n  a: { compose: a, consumes: [db] }\n'),
      project,
    );
    const { plan } = planStack(contract, imagineStack(contract));
    const needsOf = (name: string) => plan.services.get(name)?.needs;
    expect(needsOf('a')).toEqual([{ service: 'db', optional: false, condition: 'ready', restart: true }]);
    expect(needsOf('b')).toMatchObject([{ condition: 'started', silent: true, restart: true }]);
  });

  it('says what the project does not have, and which ports are not clear', () => {
    const { findings } = join('  db: { compose: postgrse }\n');
    expect(findings).toMatchObject([
      {
        at: ['services', 'db', 'compose'],
        message: 'the Compose project has no service "postgrse"',
        hint: 'did you mean "postgres"?',
      },
    ]);
    const { contract } = join('  mail: { compose: Mail_Box, ports: { smtp: { appProtocol: tcp } } }\n');
    expect(findPortProblems(contract, PROJECT).map(({ message }) => message)).toEqual([
      'which port of the container Mail_Box "smtp" is, is not clear',
    ]);
  });

  it('says that a port of the contract speaks UDP alone', () => {
    const project = projectWith({
      dns: { ports: [port(53, '53', { protocol: 'udp' }), port(8053, '8053')] },
      both: { ports: [port(53, '54', { protocol: 'udp' }), port(53, '54')] },
    });
    const ports = 'ports: { dns: { container: 53, appProtocol: tcp } }';
    const contract = read(`  dns: { compose: dns, ${ports} }\n  both: { compose: both, ${ports} }\n`);
    const [problem, ...more] = findPortProblems(addComposeServices(contract, project).contract, project);
    expect(problem?.at).toEqual(['services', 'dns', 'ports', 'dns']);
    expect(problem?.message).toBe('port 53 of dns speaks UDP, and ports of the contract are TCP');
    expect(more).toEqual([]);
  });

  it('says which port is to be probed and is not there', () => {
    const problems = (services: string) =>
      findPortProblems(join(services).contract, PROJECT).map(({ message, hint }) => `${message} | ${hint}`);
    expect(problems('  db: { compose: postgres, ready: { tcp: pg } }\n')).toEqual([
      'services.db has no port "pg" | its ports are: tcp',
    ]);
    expect(problems('  t: { compose: tool, ready: { tcp: true } }\n')).toEqual([
      'services.t has no port that could be probed | its ports are: none',
    ]);
    expect(problems('  db: { compose: postgres, ready: { tcp: true } }\n')).toEqual([]);
  });

  it('refuses a readiness that would have to look into a container', () => {
    expect(() => join('  db: { compose: postgres, ready: { exec: pg_isready } }\n')).toThrow(
      /does not look into a container/,
    );
  });
});

describe('where a port is', () => {
  const CONTRACT = `
  api: { command: x, consumes: [db] }
  db: { compose: postgres, ports: { pg: { container: 5432, appProtocol: tcp } }, url: "postgres://\${self.host}:\${self.port}/x" }
  web: { compose: web, consumes: [api, db, old], ports: { http: { container: 80 } } }
  old: { external: "http://localhost:9999" }
`;

  it('depends on who asks', () => {
    const { contract } = join(CONTRACT);
    const { plan } = planStack(contract, imagineStack(contract));
    const leases = new Map(
      [...plan.services.values()].map(({ name, ports }, index) => [
        name,
        new Map([
          ...ports.map((each, at) => [each.name, 20_000 + index * 10 + at] as const),
          ['http/bridge', 29_000],
        ]),
      ]),
    );
    const { services, diagnostics } = resolveServices(plan, {
      contract,
      leases,
      front: { http: 80 },
      ambient: {},
      envFiles: new Map(),
      unresolvedVariables: 'error',
    });
    expect(diagnostics).toEqual([]);
    const db = leases.get('db')?.get('pg');
    expect(services.get('api')?.env).toMatchObject({
      DB_HOST: '127.0.0.1',
      DB_PORT: String(db),
      DB_URL: `postgres://127.0.0.1:${db}/x`,
    });
    expect(services.get('web')?.env).toEqual({
      API_HOST: 'host.docker.internal',
      API_PORT: '29000',
      API_URL: 'http://host.docker.internal:29000',
      API_PUBLIC_URL: 'http://api.shop.localhost',
      DB_HOST: 'postgres',
      DB_PORT: '5432',
      DB_URL: 'postgres://postgres:5432/x',
      OLD_HOST: 'host.docker.internal',
      OLD_PORT: '9999',
      OLD_URL: 'http://host.docker.internal:9999',
      OLD_PUBLIC_URL: 'http://old.shop.localhost',
    });
  });
});

describe('the fields of a Compose service', () => {
  const problemsOf = (service: string): string[] =>
    parseContract(
      [{ file: 'p.yaml', text: `version: 1\nworkspace: shop\nservices:\n  db: ${service}\n` }],
      'dev',
    ).diagnostics.map(({ message }) => message);

  it.each([
    ['{ compose: a, command: b }', 'services.db has both command and compose'],
    ['{ compose: a, dir: b }', '"dir" does nothing for a Compose service'],
    ['{ compose: a, restart: { max: 1 } }', '"restart" does nothing for a Compose service'],
    [
      '{ command: a, ports: { http: { container: 80 } } }',
      '"container" is the port inside of a container, and this is no Compose service',
    ],
  ])('%s', (service, message) => {
    expect(problemsOf(service)).toEqual([message]);
  });
});
