import { expect, it } from 'vitest';

import { drainReason } from '../../../src/stack/rules.ts';
import type { Role } from '../../../src/stack/roster/roster.ts';
import type { ServiceState } from '../../../src/stack/service.ts';

const stopping = (kind: 'idle' | 'waiting'): ServiceState => ({ state: 'stopping', then: { kind }, pid: 7 });

it.each<[string, ServiceState | undefined, Role, 'up' | 'down', string]>([
  ['is gone', undefined, 'serving', 'up', 'stop'],
  ['does not stop yet', { state: 'ready', attempt: 1, pid: 7, since: 0 }, 'serving', 'up', 'stop'],
  ['is to start again', stopping('waiting'), 'serving', 'up', 'replace'],
  ['made room for another', stopping('idle'), 'retiring', 'up', 'retire'],
  ['made room, and now the service stops', stopping('idle'), 'retiring', 'down', 'stop'],
  ['is stopped', stopping('idle'), 'serving', 'down', 'stop'],
])('an instance that %s', (_, life, role, goal, reason) => {
  const replica = life && { slot: 0, revision: 1, role, life };
  expect(drainReason(replica, goal)).toBe(reason);
});
