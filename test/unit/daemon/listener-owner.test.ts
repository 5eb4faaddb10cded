/** Which service of a stack has a port: by its process, or by its number where others listen for it. */
import { describe, expect, it } from 'vitest';

import { findListenerOwner } from '../../../src/daemon/listener-owner.ts';
import { createSessions, type Session } from '../../../src/daemon/sessions.ts';
import type { Evidence } from '../../../src/ports/owner.ts';
import type { PublishedService } from '../../../src/protocol/messages.ts';
import type { Peer } from '../../../src/protocol/peer.ts';
import { createManualClock } from '../manual-clock.ts';

const service = (name: string, more: Partial<PublishedService>): PublishedService => ({
  name,
  kind: 'process',
  state: 'ready',
  restarts: 0,
  ports: [{ name: 'http', appProtocol: 'http', port: 20_001, targetPort: 20_001, hosts: [] }],
  ...more,
});

function sessionOf(...services: PublishedService[]): Session {
  const sessions = createSessions({ clock: createManualClock(), onChange: () => undefined });
  const session = sessions.attach({ root: '/shop', environment: 'dev' }, 50, {
    peer: {} as Peer,
    lastHeard: 0,
  });
  session.snapshot = { services, routes: [] };
  sessions.close();
  return session;
}

/** Process 8 is a child of 7, the leader of an instance; 9 is nobody's. */
const evidence: Evidence = {
  factsOf: (pid) => ({ pid, ppid: pid === 8 ? 7 : 1, pgrp: pid, session: pid, startTime: '5' }),
  markerOf: () => undefined,
  recorded: new Map(),
};
const mark = { startTime: '5', marker: 'run.api.1' };

const owner = (number: number, pid: number, ...services: PublishedService[]): string | undefined =>
  findListenerOwner(number, [{ pid }], [sessionOf(...services)], () => 'shop', evidence)?.service;

describe('the owner of a listener', () => {
  it('is the service of whose instance it is, on whatever number', () => {
    const api = service('api', { pid: 7, instance: mark });
    expect(owner(3000, 8, service('web', {}), api)).toBe('api');
    expect(owner(20_001, 9, api)).toBeUndefined();
    const replicas = [
      { slot: 1, state: 'ready' as const, role: 'serving' as const, pid: 7, mark, ports: {} },
    ];
    expect(owner(3000, 8, service('web', { instances: replicas }))).toBe('web');
  });

  it('is found by the number alone where the runner listens, or the engine', () => {
    expect(owner(20_001, 50, service('api', {}))).toBe('api');
    expect(owner(20_002, 50, service('api', {}))).toBeUndefined();
    expect(owner(20_001, 9, service('db', { kind: 'compose' }))).toBe('db');
    expect(owner(20_001, 50, service('mail', { kind: 'external' }))).toBeUndefined();
  });

  it.each(['idle', 'waiting', 'starting', 'failed', 'done'] as const)(
    'is not a container that is %s: it has no port, whoever listens there',
    (state) => {
      expect(owner(20_001, 9, service('db', { kind: 'compose', state }))).toBeUndefined();
    },
  );
});
