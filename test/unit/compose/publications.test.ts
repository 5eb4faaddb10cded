import { describe, expect, it } from 'vitest';

import { publicationsOf, unmovableServices } from '../../../src/compose/publications.ts';
import { port, projectWith } from './project.ts';

const summarize = (services: Record<string, object>): string[] =>
  publicationsOf(projectWith(services)).map(
    ({ service, name, span }) => `${service} ${name}${span > 1 ? ` x${span}` : ''}`,
  );

describe('publicationsOf', () => {
  it('names a port by what is in the container, so that a changed number changes no lease', () => {
    expect(summarize({ web: { ports: [port(80, '8080'), port(53, '5353', { protocol: 'udp' })] } })).toEqual([
      'web 80/tcp',
      'web 53/udp',
    ]);
    expect(summarize({ web: { ports: [port(80, '9090')] } })).toEqual(['web 80/tcp']);
  });

  it('tells two numbers of one container port apart', () => {
    expect(summarize({ web: { ports: [port(80, '8080'), port(80, '8443')] } })).toEqual([
      'web 80/tcp',
      'web 80/tcp@8443',
    ]);
  });

  it('has one number for a port on TCP and UDP, in either order, and two where the files have two', () => {
    const udp = { protocol: 'udp' };
    const leases = (...ports: object[]): string[] =>
      publicationsOf(projectWith({ dns: { ports } })).map(({ name, lease }) => `${name} on ${lease}`);
    expect(leases(port(53, '53'), port(53, '53', udp))).toEqual(['53/tcp on 53/tcp', '53/udp on 53/tcp']);
    expect(leases(port(53, '53', udp), port(53, '53'))).toEqual(['53/udp on 53/tcp', '53/tcp on 53/tcp']);
    expect(leases(port(53, '53'), port(53, '54', udp))).toEqual(['53/tcp on 53/tcp', '53/udp on 53/udp']);
    expect(leases(port(53, '9'), port(53, '53'), port(53, '53', udp))).toEqual([
      '53/tcp on 53/tcp',
      '53/tcp@53 on 53/tcp@53',
      '53/udp on 53/tcp@53',
    ]);
  });

  it('takes one number on several addresses for one', () => {
    const ports = [port(80, '8080', { host_ip: '127.0.0.1' }), port(80, '8080', { host_ip: '::1' })];
    const [only, ...more] = publicationsOf(projectWith({ web: { ports } }));
    expect(more).toEqual([]);
    expect(only?.hostIps).toEqual(['127.0.0.1', '::1']);
  });

  it('leases a number too where the engine would choose one at every start', () => {
    expect(summarize({ web: { ports: [port(80), port(81, '0')] } })).toEqual(['web 80/tcp', 'web 81/tcp']);
  });

  it('wants a number for each replica, and one where all are switched off', () => {
    expect(summarize({ a: { ports: [port(80, '8100-8102')], deploy: { replicas: 3 } } })).toEqual([
      'a 80/tcp x3',
    ]);
    expect(summarize({ a: { ports: [port(80, '8080')], scale: 2 } })).toEqual(['a 80/tcp x2']);
    expect(summarize({ a: { ports: [port(80, '8080')], scale: 0 } })).toEqual(['a 80/tcp']);
  });

  it('leaves alone what has no network of its own', () => {
    const services = {
      host: { network_mode: 'host', ports: [port(80, '8080')] },
      side: { network_mode: 'service:web', ports: [port(81, '8081')] },
      bridge: { network_mode: 'bridge', ports: [port(82, '8082')] },
      none: { network_mode: 'none' },
    };
    expect(summarize(services)).toEqual(['bridge 82/tcp']);
    expect(unmovableServices(projectWith(services)).map(({ service }) => service)).toEqual(['host', 'side']);
  });
});
