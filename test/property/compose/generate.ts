/** Compose files that are valid, and as strange as users make them. */
import * as fc from 'fast-check';

type Json = { [key: string]: unknown };

const NAMES = ['web', 'db', 'cache_1', 'mail.box', 'on', '1_0', 'Worker'] as const;

const port = fc.integer({ min: 1, max: 65_000 });
const protocol = fc.constantFrom('', '/tcp', '/udp');
const address = fc.constantFrom('', '127.0.0.1:', '0.0.0.0:', '[::1]:', '[::]:');

const shortPort = fc.oneof(
  port.map(String),
  fc
    .tuple(address, port, port, protocol)
    .map(([ip, host, target, proto]) => `${ip}${host}:${target}${proto}`),
  fc
    .tuple(address, port, port, fc.integer({ min: 1, max: 3 }), protocol)
    .map(
      ([ip, host, target, width, proto]) =>
        `${ip}${host}-${host + width}:${target}-${target + width}${proto}`,
    ),
  fc
    .tuple(port, port, fc.integer({ min: 1, max: 5 }))
    .map(([host, target, width]) => `${host}-${host + width}:${target}`),
  fc.tuple(port, fc.integer({ min: 1, max: 3 })).map(([target, width]) => `${target}-${target + width}`),
);

const longPort = fc.record(
  {
    target: port,
    published: fc.oneof(port.map(String), port),
    host_ip: fc.constantFrom('127.0.0.1', '::1', '0.0.0.0'),
    protocol: fc.constantFrom('tcp', 'udp'),
    mode: fc.constantFrom('host', 'ingress'),
    name: fc.constantFrom('http', 'admin'),
    app_protocol: fc.constantFrom('http', 'grpc'),
  },
  { requiredKeys: ['target'] },
);

const value = fc.constantFrom('plain', '$$dollar', 'a: "b"', 'yes', '012', '${HOME}', 'x #y', '', 'ü\n');

const service = (others: readonly string[]): fc.Arbitrary<Json> =>
  fc
    .record(
      {
        image: fc.constantFrom('nginx', 'postgres:17'),
        ports: fc.array(fc.oneof(shortPort, longPort), { maxLength: 5 }),
        container_name: fc.constantFrom('pinned', 'st-pinned', 'st'),
        networks: fc.subarray(['default', 'front', 'pinned', 'ranged', 'outer'], { minLength: 1 }),
        volumes: fc.subarray(['data:/data', 'pinned:/pinned', 'own:/own', 'outer:/outer', './src:/src']),
        environment: fc.dictionary(fc.constantFrom('A', 'B_C', 'on', 'N'), value, { maxKeys: 3 }),
        profiles: fc.subarray(['debug', 'extra'], { minLength: 1 }),
        extra_hosts: fc.constant(['other.test:10.0.0.1']),
        scale: fc.integer({ min: 0, max: 4 }),
        network_mode: fc.constantFrom('host', 'none', 'bridge', ...others.map((name) => `service:${name}`)),
        healthcheck: fc.constantFrom<Json>({ test: ['CMD', 'true'], interval: '1s' }, { disable: true }),
        depends_on: fc.subarray([...others]),
        labels: fc.constant({ 'com.example.on': 'yes' }),
      },
      { requiredKeys: ['image'] },
    )
    .map(makeValid);

/** What Compose refuses by itself is not our subject. */
function makeValid(fields: Json): Json {
  const rest = { ...fields };
  if (rest['network_mode'] !== undefined) delete rest['networks'];
  if (typeof rest['scale'] === 'number' && rest['scale'] > 1) delete rest['container_name'];
  if (String(rest['network_mode']).startsWith('service:')) delete rest['profiles'];
  return rest;
}

/** A project without profiles that its dependencies lack, and with each container name once. */
export const composeFile: fc.Arbitrary<Json> = fc
  .subarray([...NAMES], { minLength: 1 })
  .chain((names) =>
    fc.tuple(
      fc.constant(names),
      fc.tuple(...names.map((_, index) => service(names.slice(0, index)))),
      fc.constantFrom({}, { name: 'own-name' }),
    ),
  )
  .map(([names, services, top]) => ({
    ...top,
    services: Object.fromEntries(names.map((name, index) => [name, withOwnName(services, index)])),
    volumes: {
      data: null,
      pinned: { name: 'pinned-volume' },
      own: { name: '${COMPOSE_PROJECT_NAME}-own' },
      outer: { external: true, name: 'outer-volume' },
    },
    networks: {
      front: {},
      pinned: { name: 'pinned-network' },
      ranged: { ipam: { config: [{ subnet: '10.99.0.0/24' }] } },
      outer: { external: true },
    },
  }));

function withOwnName(services: readonly Json[], index: number): Json {
  const { container_name: name, ...rest } = services[index] ?? {};
  const isTaken = services.slice(0, index).some((other) => other['container_name'] === name);
  return name === undefined || isTaken ? rest : { ...rest, container_name: name };
}
