import { describe, expect, it } from 'vitest';

import { findTies } from '../../../src/compose/part.ts';
import { planOverride } from '../../../src/compose/override.ts';
import { applyOverride } from '../../../src/compose/verify.ts';
import { findJobs } from '../../../src/compose/selection.ts';
import { writeOverride } from '../../../src/compose/write.ts';
import type { Contract } from '../../../src/contract/contract.ts';
import { parseContract } from '../../../src/contract/parse.ts';
import { port, projectWith } from './project.ts';

const PROJECT = projectWith(
  {
    db: {
      ports: [port(5432, '5432')],
      volumes: [{ type: 'volume', source: 'data', target: '/d' }],
      networks: { back: null },
    },
    web: {
      ports: [port(80, '8080')],
      depends_on: { db: { condition: 'service_healthy' }, mail: { condition: 'service_started' } },
      networks: { front: null },
    },
    mail: { networks: { front: null } },
  },
  {
    volumes: { data: { name: 'data' } },
    networks: { back: { name: 'st_back' }, front: { name: 'st_front' } },
  },
);

function contractWith(services: string): Contract {
  const text = `version: 1\nworkspace: shop\nservices:\n${services}`;
  const { contract, diagnostics } = parseContract([{ file: 'portramp.yaml', text }], 'dev');
  if (contract === undefined) throw new Error(JSON.stringify(diagnostics));
  return contract;
}

describe('an override for a part of the project', () => {
  const plan = planOverride({
    project: PROJECT,
    policy: { names: 'release', share: new Set(), mainName: 'shop' },
    omitted: new Set(['db']),
    numberOf: () => 20_200,
  });

  it('takes away services that run elsewhere, and what depends on them', () => {
    expect(writeOverride(plan)).toBe(`name: st
services:
  db: !reset null
  web:
    depends_on:
      db: !reset null
    ports: !override
      - { target: 80, published: "20200", host_ip: 127.0.0.1, protocol: tcp, mode: ingress }
`);
  });

  it('leads to the rest of the project', () => {
    const rest = applyOverride(PROJECT, plan);
    expect([...rest.services.keys()]).toEqual(['web', 'mail']);
    expect([...(rest.services.get('web')?.dependsOn.keys() ?? [])]).toEqual(['mail']);
    expect([...rest.volumes.keys()]).toEqual([]);
    expect([...rest.networks.keys()]).toEqual(['front']);
  });
});

describe('findTies', () => {
  const DB = '  db: { compose: db, scope: workspace }\n';

  it('has nothing against a service that others depend on', () => {
    expect(findTies(contractWith(DB), PROJECT)).toEqual([]);
  });

  it('finds what a shared service depends on and does not share', () => {
    const [tie, ...more] = findTies(contractWith('  web: { compose: web, scope: workspace }\n'), PROJECT);
    expect(tie).toMatchObject({ at: ['services', 'web', 'compose'], hint: /./ });
    expect(tie?.message).toBe('all branches share web, which depends on db in the Compose file');
    expect(more).toEqual([]);
  });

  it.each([
    [{ network_mode: 'service:db' }, 'has the network of db'],
    [{ volumes_from: ['db:ro'] }, 'has the volumes of db'],
    [{ pid: 'service:db' }, 'has the processes of db'],
  ])('finds what lives in a shared container: %j', (fields, expected) => {
    const project = projectWith({ db: {}, side: fields });
    const [tie] = findTies(contractWith(`${DB}  side: { compose: side }\n`), project);
    expect(tie?.message).toContain(expected);
    expect(tie?.hint).toContain('scope: workspace for side');
  });
});

describe('services that Compose runs once more with another', () => {
  const done = { condition: 'service_completed_successfully' };
  const project = projectWith({
    seed: { depends_on: { migrate: done } },
    migrate: { depends_on: { db: { condition: 'service_healthy' } } },
    db: {},
    app: {
      depends_on: { seed: done, db: { condition: 'service_started' } },
      post_start: [{ command: ['true'] }],
    },
    web: { depends_on: { app: { condition: 'service_started' } } },
  });

  it.each([
    ['web', ['seed', 'migrate']],
    ['app', ['seed', 'migrate']],
    ['seed', ['migrate']],
    ['migrate', []],
    ['db', []],
    ['nobody', []],
  ])('%s', (name, jobs) => {
    expect(findJobs(project, name)).toEqual(jobs);
  });

  it('a service with hooks is told', () => {
    expect([...project.services.values()].filter(({ hasStartHook }) => hasStartHook)).toMatchObject([
      { name: 'app' },
    ]);
  });
});
