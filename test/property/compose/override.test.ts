import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

import { readProject, type ComposeProject, type ComposeService } from '../../../src/compose/model.ts';
import { planOverride, type Override } from '../../../src/compose/override.ts';
import { applyOverride, findDeviations } from '../../../src/compose/verify.ts';
import { writeOverride } from '../../../src/compose/write.ts';
import { resolveProject, type ComposeCall } from '../../../src/runtime/compose/resolve.ts';
import { findTestCompose } from '../../compose-binary.ts';
import { composeFile } from './generate.ts';

const binary = await findTestCompose();
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-compose-')));
afterAll(() => rmSync(folder, { recursive: true }));

type Json = { [key: string]: unknown };
type Service = Json & { ports?: Json[]; networks?: Record<string, Json | null>; container_name?: string };

const STACK = 'st';
const FIRST_LEASE = 20_200;

const callOf = (composeBinary: ComposeCall['binary'], path: string): ComposeCall => ({
  binary: composeBinary,
  cwd: folder,
  environment: process.env,
  options: [],
  files: [path],
  profiles: ['*'],
  projectName: STACK,
});

describe.skipIf(binary === undefined)('an override, against the real Compose', () => {
  it.each(['release', 'keep'] as const)(
    'publishes exactly the leases, and changes nothing else (%s)',
    async (names) => {
      if (binary === undefined) return;
      const path = join(folder, `compose.${names}.json`);
      const call = callOf(binary, path);
      await fc.assert(
        fc.asyncProperty(composeFile, async (file) => {
          writeFileSync(path, JSON.stringify(file));
          const base = (await resolveProject(call)).json as Json;
          const project = readProject(base);
          let next = FIRST_LEASE;
          const override = planOverride({
            project,
            policy: names === 'keep' ? { names } : { names, share: new Set(), mainName: 'main' },
            numberOf: ({ span }) => (next += span) - span,
          });
          const actual = (await resolveProject(call, writeOverride(override))).json as Json;

          expect(findDeviations(applyOverride(project, override), readProject(actual))).toEqual([]);
          expect(publishedIn(actual)).toEqual(leasesOf(override, FIRST_LEASE, next));
          expect(withoutPorts(actual)).toEqual(withoutPorts(names === 'keep' ? base : released(base)));
        }),
        { numRuns: 20 },
      );
    },
    180_000,
  );

  it('splits a project in two, of which each has its part and no more', async () => {
    if (binary === undefined) return;
    const path = join(folder, 'compose.split.json');
    const call = callOf(binary, path);
    await fc.assert(
      fc.asyncProperty(composeFile, fc.infiniteStream(fc.boolean()), async (file, coins) => {
        writeFileSync(path, JSON.stringify(file));
        const project = readProject((await resolveProject(call)).json);
        const shared = closedSet(
          project,
          [...project.services.keys()].filter(() => coins.next().value === true),
        );
        const rest = new Set([...project.services.keys()].filter((name) => !shared.has(name)));
        let next = FIRST_LEASE;
        const published: string[] = [];
        const leased: string[] = [];
        for (const [omitted, part] of [
          [shared, rest],
          [rest, shared],
        ] as const) {
          // Compose has no project without services.
          if (part.size === 0) continue;
          const first = next;
          const override = planOverride({
            project,
            policy: { names: 'release', share: new Set(), mainName: 'main' },
            omitted,
            numberOf: ({ span }) => (next += span) - span,
          });
          const actual = (await resolveProject(call, writeOverride(override))).json as Json;
          expect(findDeviations(applyOverride(project, override), readProject(actual))).toEqual([]);
          expect(
            servicesOf(actual)
              .map(([name]) => name)
              .sort(),
          ).toEqual([...part].sort());
          published.push(...publishedIn(actual));
          leased.push(...leasesOf(override, first, next));
        }
        expect(published).toEqual(leased);
      }),
      { numRuns: 20 },
    );
  }, 180_000);
});

/** These, what they need, and what lives in their containers: as the contract may share them. */
function closedSet(project: ComposeProject, names: readonly string[]): Set<string> {
  const closed = new Set(names);
  const hostOf = ({ networkMode }: ComposeService): string[] =>
    networkMode?.startsWith('service:') === true ? [networkMode.slice('service:'.length)] : [];
  for (let before = -1; before !== closed.size;) {
    before = closed.size;
    for (const service of project.services.values()) {
      const hosts = hostOf(service);
      if (closed.has(service.name))
        for (const name of [...service.dependsOn.keys(), ...hosts]) closed.add(name);
      if (hosts.some((name) => closed.has(name))) closed.add(service.name);
    }
  }
  return closed;
}

/** Every number that the project publishes, with what is behind it; host-network services publish none. */
function publishedIn(project: Json): string[] {
  return servicesOf(project)
    .filter(([, service]) => isMovable(service))
    .flatMap(([name, service]) =>
      (service.ports ?? []).flatMap(({ published, target, protocol, host_ip: ip }) => {
        const [from = 0, to = from] = String(published).split('-').map(Number);
        return Array.from(
          { length: to - from + 1 },
          (_, index) => `${String(ip)}:${from + index} ${name} ${String(target)}/${String(protocol)}`,
        );
      }),
    )
    .sort();
}

function leasesOf(override: Override, from: number, to: number): string[] {
  const numbers = new Map<number, string>();
  for (const { service, target, protocol, number, span } of override.published) {
    for (let each = number; each < number + span; each += 1)
      numbers.set(each, `${service} ${target}/${protocol}`);
  }
  return Array.from(
    { length: to - from },
    (_, index) => `127.0.0.1:${from + index} ${numbers.get(from + index) ?? 'nobody'}`,
  ).sort();
}

/** The project, but for the ports of services that have any of their own. */
function withoutPorts(project: Json): Json {
  const services = servicesOf(project).map(([name, service]) => [
    name,
    isMovable(service) ? { ...service, ports: (service.ports ?? []).length > 0 } : service,
  ]);
  return { ...project, services: Object.fromEntries(services) };
}

/** What releasing names must come to, said in another way than the code does. */
function released(project: Json): Json {
  const services = servicesOf(project).map(([name, { container_name: pinned, ...service }]) => {
    if (pinned === undefined || pinned === STACK || pinned === `${STACK}-pinned`) {
      return [name, pinned === undefined ? service : { container_name: pinned, ...service }];
    }
    const networks = Object.keys(service.networks ?? {}).map((network) => [network, { aliases: [pinned] }]);
    return [
      name,
      service.networks === undefined ? service : { ...service, networks: Object.fromEntries(networks) },
    ];
  });
  const text = JSON.stringify({ ...project, services: Object.fromEntries(services) })
    .replaceAll('"name":"pinned-volume"', `"name":"${STACK}_pinned"`)
    .replaceAll('"name":"pinned-network"', `"name":"${STACK}_pinned"`)
    .replaceAll('"ipam":{"config":[{"subnet":"10.99.0.0/24"}]}', '"ipam":{}');
  return JSON.parse(text) as Json;
}

const servicesOf = (project: Json): [string, Service][] =>
  Object.entries((project['services'] ?? {}) as Record<string, Service>);

const isMovable = (service: Service): boolean =>
  service['network_mode'] === undefined || service['network_mode'] === 'bridge';
