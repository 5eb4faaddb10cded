/** Compose files that `docker compose config` refuses, for a reason that can be seen without it. */
export const REFUSED: readonly string[] = [
  'foo: 1\nservices: { a: { image: x } }',
  'services: { a: { image: x, foo: 1 } }',
  'services: { "a b": { image: x } }',
  'services: { a: { ports: ["80"] } }',
  'services: { a: { image: x, depends_on: [b] } }',
  'services: { a: { image: x, network_mode: "service:b" } }',
  'services: { a: { image: x, networks: [n] } }',
  'services: { a: { image: x, volumes: ["data:/d"] } }',
  'services: { a: { image: x, secrets: [s] } }',
  'services: { a: { image: x, configs: [{ source: c }] } }',
  'services: { a: { image: x, network_mode: host, networks: [default] } }',
  'services: { a: { image: x, container_name: c, scale: 2 } }',
  'services: { a: { image: x, depends_on: [b] }, b: { image: x, depends_on: [c] }, c: { image: x, depends_on: [b] } }',
];
