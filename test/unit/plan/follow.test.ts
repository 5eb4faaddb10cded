/** Which ports are followed where the service opens another number. */
import { expect, it } from 'vitest';

import { planOf } from './stack.ts';

it.each([
  ['', 'usual'],
  [', ports: { http: {} }', 'usual'],
  [', ramp: true', 'usual'],
  [', start: request', 'usual'],
  [', ports: { http: { follow: true } }', 'asked'],
  [', ports: { http: { follow: false } }', 'never'],
  [', ports: { http: { static: 20000 } }', 'never'],
  [', ports: { http: { static: 20000, follow: true } }', 'asked'],
  [', ports: { http: { listener: external } }', 'never'],
  [', replicas: 2', 'never'],
  [', ready: { http: / }, transition: { strategy: handoff }', 'never'],
  [', replicas: 2, ready: { http: / }, transition: { strategy: rolling }', 'never'],
])('a service with "%s" is followed: %s', (fields, follow) => {
  const { plan } = planOf(`services:\n  api: { command: run${fields} }\n`);
  expect(plan?.services.get('api')?.ports.map((port) => port.follow)).toEqual([follow]);
});
