/** What a host means that no route leads to. */
import { expect, it } from 'vitest';

import { askForUrl, describeUnrouted, findUnrouted, type NamedService } from '../../../src/lib/unrouted.ts';

const SERVICES: readonly NamedService[] = [
  {
    name: 'api',
    kind: 'process',
    ports: [
      { name: 'http', appProtocol: 'http', port: 20001, hosts: ['api.shop.localhost'] },
      { name: 'rpc', appProtocol: 'grpc', port: 20002, hosts: [] },
      { name: 'admin', appProtocol: 'http', port: 20003, hosts: [] },
    ],
  },
  { name: 'db', kind: 'compose', ports: [{ name: '5432/tcp', appProtocol: 'tcp', port: 20004, hosts: [] }] },
  { name: 'worker', kind: 'process', ports: [] },
  { name: 'install', kind: 'task', ports: [] },
  { name: 'mail', kind: 'external', ports: [{ name: 'smtp', appProtocol: 'tcp', port: 25, hosts: [] }] },
];

it.each([
  ['db.shop.localhost', 'db', 'speaks tcp on its port 5432/tcp', 'portramp url db --port 5432/tcp'],
  ['db.localhost', 'db', 'it is dialled at 127.0.0.1:20004', 'portramp url db --port 5432/tcp'],
  ['rpc.api.shop.localhost', 'api', 'speaks grpc on its port rpc', 'portramp url api --port rpc'],
  ['admin.api.localhost', 'api', 'has no host for its port admin', 'portramp url api --port admin'],
  ['worker.shop.localhost', 'worker', 'has no port', undefined],
])('%s means %s', (host, service, words, command) => {
  const meant = findUnrouted(host, 'shop', SERVICES);
  expect(meant?.service).toBe(service);
  if (meant === undefined) return;
  expect(describeUnrouted(meant)).toContain(words);
  expect(askForUrl(meant)).toBe(command);
});

it.each([
  'api.shop.localhost',
  'http.api.shop.localhost',
  'none.api.shop.localhost',
  'a.rpc.api.shop.localhost',
  'db.other.localhost',
  'install.shop.localhost',
  'mail.shop.localhost',
  'shop.localhost',
  'localhost',
  'db.example.com',
])('%s means none', (host) => {
  expect(findUnrouted(host, 'shop', SERVICES)).toBeUndefined();
});

it('finds a service that is called as its stack', () => {
  expect(findUnrouted('db.localhost', 'db', SERVICES)?.service).toBe('db');
  expect(findUnrouted('db.db.localhost', 'db', SERVICES)?.service).toBe('db');
});
