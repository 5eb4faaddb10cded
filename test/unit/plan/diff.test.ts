import { describe, expect, it } from 'vitest';

import { diffServices } from '../../../src/plan/diff.ts';
import { resolutionOf, type Surroundings } from './stack.ts';

const BASE = [
  'services:',
  '  db: { command: x, ports: { pg: { appProtocol: tcp } } }',
  '  api: { command: x, consumes: [db], env: { A: 1 } }',
  '  web: { command: x, consumes: [api] }',
  '  ext: { external: "https://a.example" }',
  '',
].join('\n');

function diff(from: string, to: string, before: Surroundings = {}, after = before): string[] {
  return diffServices(resolutionOf(from, before).services, resolutionOf(to, after).services).map(
    ({ service, kind, fields, impact }) => [service, kind, impact, ...fields].join(' '),
  );
}

describe('a change', () => {
  it('of nothing is nothing', () => {
    expect(diff(BASE, BASE)).toEqual([]);
    expect(diff(BASE, `x-note: 1\n${BASE}`)).toEqual([]);
  });

  it('of env restarts that service only', () => {
    expect(diff(BASE, BASE.replace('A: 1', 'A: 2, B: null'))).toEqual(['api changed restart unset env.A']);
  });

  it('of a command or a folder restarts', () => {
    expect(diff(BASE, BASE.replace('web: { command: x', 'web: { command: y, dir: w'))).toEqual([
      'web changed restart dir command',
    ]);
  });

  it('of how a certificate is checked re-routes', () => {
    const unchecked = BASE.replace('"https://a.example"', '"https://a.example", tls: { verify: false }');
    expect(diff(BASE, unchecked)).toEqual(['ext changed reroute tls']);
  });

  it('of a host name only re-routes, also those that are told it', () => {
    const renamed = BASE.replace('consumes: [db],', 'consumes: [db], ports: { http: { host: rest } },');
    expect(diff(BASE, renamed)).toEqual([
      'api changed reroute env.PORTRAMP_URL ports.http.implicit ports.http.hosts ports.http.shortHosts ports.http.publicUrl',
      'web changed reroute env.API_PUBLIC_URL',
    ]);
  });

  it('of its own name restarts a service that uses it', () => {
    const withOrigin = BASE.replace('A: 1', 'A: "${self.publicUrl}"');
    const renamed = withOrigin.replace('consumes: [db],', 'consumes: [db], ports: { http: { host: rest } },');
    expect(diff(withOrigin, renamed)[0]).toMatch(/^api changed restart/);
  });

  it('of the port of the front re-routes', () => {
    expect(
      diff(BASE, BASE, { front: 7267 }, { front: 80 }).map((text) => text.split(' ').slice(0, 3).join(' ')),
    ).toEqual(['api changed reroute', 'web changed reroute', 'ext changed reroute']);
  });

  it.each([
    ['a path', 'path: [/v1]', /paths ports\.http\.publicUrl/],
    ['a rewrite', 'path: /, rewrite: /x', /rewrite/],
    ['a wildcard', 'host: [api, "*.api"]', /extraHosts/],
    ['another domain', 'host: [api, a.example.com]', /extraHosts/],
  ])('of %s only re-routes', (_, field, fields) => {
    const [before, after] = ['host: api', field].map((port) =>
      BASE.replace('consumes: [db],', `consumes: [db], ports: { http: { ${port} } },`),
    );
    const [change = '', ...others] = diff(before ?? '', after ?? '');
    expect(change).toMatch(/^api changed reroute /);
    expect(change).toMatch(fields);
    expect(others.every((other) => other === 'web changed reroute env.API_PUBLIC_URL')).toBe(true);
  });

  it('of who may use a service restarts nothing', () => {
    const access = (text: string): string => BASE.replace('env: { A: 1 }', `env: { A: 1 }, access: ${text}`);
    expect(diff(BASE, access('{ browser: any }'))).toEqual(['api changed reroute access.browser']);
    expect(diff(access('{ from: [web] }'), access('"*"'))).toEqual([
      'api changed reroute access.from access.browser',
    ]);
    expect(diff(access('{ from: [web] }'), BASE)).toEqual(['api changed none access.from']);
  });

  it('of policies touches nothing', () => {
    const changed = BASE.replace(
      'env: { A: 1 }',
      'env: { A: 1 }, ready: { http: / }, restart: { max: 9 }, stop: { timeout: 1s }, start: manual',
    );
    expect(diff(BASE, changed)).toEqual(['api changed none ready restart stop start']);
    expect(diff(BASE, BASE.replace('[db]', '[{ service: db, condition: started }]'))).toEqual([
      'api changed none needs',
    ]);
  });

  it('of ports restarts', () => {
    expect(
      diff(BASE, BASE.replace('pg: { appProtocol: tcp }', 'pg: { appProtocol: tcp, primary: true }, a: '))[0],
    ).toMatch(/^db changed restart .*ports\.a/);
    expect(diff(BASE, BASE.replace('command: x, ports: { pg', 'command: x, ports: { sql'))[0]).toMatch(
      /^db changed restart/,
    );
  });

  it('of an external address re-routes', () => {
    expect(diff(BASE, BASE.replace('a.example', 'b.example'))).toEqual([
      'ext changed reroute ports.http.host',
    ]);
  });

  it('of the resolver restarts', () => {
    expect(diff(BASE, BASE.replace('env: { A: 1 }', 'env: { A: 1 }, resolve: system'))).toEqual([
      'api changed restart resolve',
    ]);
  });

  it('may add and remove', () => {
    expect(
      diff(
        BASE,
        BASE.replace(
          '  ext: { external: "https://a.example" }\n',
          '  ex2: { external: "https://a.example" }\n',
        ),
      ),
    ).toEqual(['ext removed restart', 'ex2 added restart']);
  });
});
