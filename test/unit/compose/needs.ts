/** All by which a service of a Compose file needs another one, `db`. */
export const NEEDS: readonly string[] = [
  'depends_on: [db]',
  'depends_on: { db: { condition: service_started } }',
  'links: ["db:store"]',
  'network_mode: "service:db"',
  'ipc: "service:db"',
  'pid: "service:db"',
  'volumes_from: ["db:ro"]',
  'scale: 0, depends_on: [db]',
  'build: { context: ., additional_contexts: { base: "service:db" } }',
  'build: { context: ., additional_contexts: ["base=service:db"] }',
];
