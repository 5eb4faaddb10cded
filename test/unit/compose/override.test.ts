import { describe, expect, it } from 'vitest';

import { pinsOf, unclearNames, withFixedNames, type NamePolicy } from '../../../src/compose/names.ts';
import { planOverride, publishedEntry } from '../../../src/compose/override.ts';
import { applyOverride, findDeviations } from '../../../src/compose/verify.ts';
import { writeOverride } from '../../../src/compose/write.ts';
import type { ComposeProject } from '../../../src/compose/model.ts';
import { port, projectWith } from './project.ts';

const release = (...share: string[]): NamePolicy => ({
  names: 'release',
  share: new Set(share),
  mainName: 'shop',
});

function write(project: ComposeProject, policy: NamePolicy = release(), more: object = {}): string {
  let next = 20_200;
  return writeOverride(
    planOverride({ project, policy, numberOf: ({ span }) => (next += span) - span, ...more }),
  );
}

describe('an override', () => {
  it('replaces every list of ports, on loopback only', () => {
    const ports = [port(80, '8080'), port(53, '53', { protocol: 'udp', host_ip: '0.0.0.0', name: 'dns' })];
    expect(write(projectWith({ web: { ports }, quiet: {} }))).toBe(`name: st
services:
  web:
    ports: !override
      - { target: 80, published: "20200", host_ip: 127.0.0.1, protocol: tcp, mode: ingress }
      - { name: dns, target: 53, published: "20201", host_ip: 127.0.0.1, protocol: udp, mode: ingress }
`);
  });

  it('is a file that Compose accepts when there is nothing to say', () => {
    expect(write(projectWith({ web: {} }), { names: 'keep' })).toBe('services: {}\n');
  });

  it('keeps every name in the main checkout', () => {
    const project = projectWith(
      { web: { container_name: 'web' } },
      { volumes: { data: { name: 'data' } }, networks: { net: { name: 'net' } } },
    );
    expect(write(project, { names: 'keep' })).toBe('services: {}\n');
  });

  it('makes who shares something of a released container depend on its service, as Compose does', () => {
    const project = projectWith({
      web: { container_name: 'the-web' },
      side: { network_mode: 'container:the-web', pid: 'container:the-web' },
    });
    const override = planOverride({ project, policy: release(), numberOf: () => 20_200 });
    const { services } = applyOverride(project, override);
    expect([...(services.get('side')?.dependsOn ?? [])]).toEqual([
      ['web', { condition: 'service_started', required: true, restart: true }],
    ]);
    expect(services.get('web')?.dependsOn.size).toBe(0);
  });

  it('releases container, volume and network names, and address ranges', () => {
    const project = projectWith(
      {
        web: { container_name: 'the-web', networks: { net: { ipv4_address: '10.9.0.5' } } },
        side: { network_mode: 'container:the-web', ipc: 'container:the-web' },
      },
      {
        volumes: {
          data: { name: 'the-data' },
          own: { name: 'st_own' },
          out: { name: 'out', external: true },
        },
        networks: { net: { name: 'the-net', ipam: { config: [{ subnet: '10.9.0.0/24' }] } } },
      },
    );
    expect(write(project)).toBe(`name: st
services:
  web:
    container_name: !reset null
    networks:
      net:
        aliases:
          - the-web
        ipv4_address: !reset null
        ipv6_address: !reset null
  side:
    network_mode: "service:web"
    ipc: "service:web"
volumes:
  data:
    name: !reset null
networks:
  net:
    name: !reset null
    ipam: !reset null
`);
  });

  it('takes what has the name of a service for no container of it, and frees only addresses that are there', () => {
    const project = projectWith(
      { data: { networks: { data: {} } }, fixed: { networks: { data: { ipv4_address: '10.9.0.5' } } } },
      {
        volumes: { data: { name: 'the-data' } },
        networks: { data: { name: 'the-net', ipam: { config: [{ subnet: '10.9.0.0/24' }] } } },
      },
    );
    expect(write(project)).toBe(`name: st
services:
  fixed:
    networks:
      data:
        ipv4_address: !reset null
        ipv6_address: !reset null
volumes:
  data:
    name: !reset null
networks:
  data:
    name: !reset null
    ipam: !reset null
`);
  });

  it('publishes as many numbers as there are replicas', () => {
    const [entry] = projectWith({ web: { ports: [port(80, '8080')] } }).services.get('web')?.ports ?? [];
    if (entry === undefined) throw new Error('unreachable');
    const published = {
      service: 'web',
      name: 'http',
      lease: 'http',
      target: 80,
      protocol: 'tcp',
      hostIps: [],
      entry,
    } as const;
    expect(publishedEntry({ ...published, number: 20_000, span: 3 }).published).toBe('20000-20002');
    expect(publishedEntry({ ...published, number: 20_000, span: 1 }).published).toBe('20000');
  });

  it('releases a name that looks like one of the project’s own and is the same in every project', () => {
    const fields = (name: string): ComposeProject =>
      projectWith(
        { db: { container_name: 'st-db' }, web: { container_name: `${name}-web` } },
        { name, volumes: { own: { name: `${name}_own` } } },
      );
    const project = fields('st');
    expect(unclearNames(project)).toEqual(['st-db', 'st-web']);
    expect(pinsOf(project)).toEqual([]);
    const known = withFixedNames(project, fields('p1'));
    expect(pinsOf(known).map(({ pinned }) => pinned)).toEqual(['st-db']);
    expect(write(known)).toContain('  db:\n    container_name: !reset null\n');
  });

  it('shares what the project says: pinned names stay, others become those of the main checkout', () => {
    const project = projectWith(
      { web: { container_name: 'web' } },
      { volumes: { pinned: { name: 'pinned' }, cache: { name: 'st_cache' } } },
    );
    expect(write(project, release('services.web', 'volumes.pinned', 'volumes.cache'))).toBe(`name: st
services: {}
volumes:
  cache:
    name: shop_cache
`);
  });

  it('does not take a name for its own that only begins like the project', () => {
    const project = projectWith(
      {},
      { volumes: { a: { name: 'stock' }, b: { name: 'st-b' }, c: { name: 'x.st' } } },
    );
    expect(
      planOverride({ project, policy: release(), numberOf: () => 1 }).pins.map(({ name }) => name),
    ).toEqual(['a']);
  });

  it('writes values so that neither YAML nor Compose reads something else', () => {
    const values = { A: 'a$b', yes: 'on', N: '012', M: 'x\n"y": z', E: '' };
    const text = write(
      projectWith({ on: {} }),
      { names: 'keep' },
      { environment: new Map([['on', values]]) },
    );
    expect(text).toBe(`services:
  "on":
    environment:
      A: "a$$b"
      "yes": "on"
      "N": "012"
      M: "x\\n\\"y\\": z"
      E: ""
`);
  });

  it('says what it cannot do', () => {
    const project = projectWith({
      web: { container_name: 'the-web' },
      host: { network_mode: 'host' },
      old: { external_links: ['the-web:w'], volumes_from: ['container:the-web:ro'] },
    });
    const { findings } = planOverride({ project, policy: release(), numberOf: () => 1 });
    expect(findings.map(({ service, message }) => `${service}: ${message}`)).toEqual([
      "host: host is on the host's network: its ports are the same in every stack, and two stacks collide in them",
      'old: external_links of old says "the-web:w", but in this stack the container the-web has another name',
      'old: volumes_from of old says "container:the-web:ro", but in this stack the container the-web has another name',
    ]);
  });
});

describe('findDeviations', () => {
  const project = projectWith({ web: { ports: [port(80, '8080')], environment: { SECRET: 'a' } } });
  const override = planOverride({ project, policy: { names: 'keep' }, numberOf: () => 20_200 });
  const expected = applyOverride(project, override);

  it('finds nothing where Compose follows', () => {
    expect(findDeviations(expected, expected)).toEqual([]);
  });

  it('finds an old Compose, which appends to the list', () => {
    const appended = projectWith({
      web: {
        ports: [port(80, '8080'), port(80, '20200', { host_ip: '127.0.0.1' })],
        environment: { SECRET: 'a' },
      },
    });
    expect(findDeviations(expected, appended)).toEqual([
      'ports of web: ["*:8080->80/tcp","127.0.0.1:20200->80/tcp"] instead of ["127.0.0.1:20200->80/tcp"]',
    ]);
  });

  it('names variables, never their values', () => {
    const other = projectWith({
      web: { ports: [port(80, '20200', { host_ip: '127.0.0.1' })], environment: { SECRET: 'hunter2' } },
    });
    expect(findDeviations(expected, other)).toEqual([
      'variables of web: ["SECRET (another value)"] instead of ["SECRET"]',
    ]);
  });
});
