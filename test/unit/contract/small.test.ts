import { describe, expect, it } from 'vitest';

import { complain, read } from './read.ts';
import { resolutionOf } from '../plan/stack.ts';

describe('defaults.dir', () => {
  it('is where services work that name no folder, and where their env files are', () => {
    const { services } = read(
      'defaults: { dir: apps }\nservices:\n  a: { command: x, envFile: .env }\n  b: { command: x, dir: lib }\n  c: { command: x, dir: . }\n',
    );
    expect([...services.values()].map((service) => 'dir' in service && service.dir)).toEqual([
      'apps',
      'lib',
      '.',
    ]);
    expect(services.get('a')).toMatchObject({ envFiles: [{ path: 'apps/.env' }] });
  });
});

describe('a list command', () => {
  it('may have empty arguments, but a program', () => {
    expect(read('services: { a: { command: [node, x.js, "", last] } }\n').services.get('a')).toMatchObject({
      command: ['node', 'x.js', '', 'last'],
    });
    expect(complain('services: { a: { command: ["", x] } }\n').join()).toContain('the program is empty');
    expect(complain('services: { a: { command: [] } }\n').join()).toContain('this list is empty');
  });
});

describe('PORTRAMP_URL', () => {
  it('is what the contract says that the URL is, else what the front or the service has', () => {
    const { services } = resolutionOf(
      'services:\n  db: { command: x, ports: { pg: { appProtocol: tcp } }, url: "postgres://u@${self.host}:${self.port}/d" }\n  api: { command: x }\n',
    );
    expect(services?.get('db')?.env['PORTRAMP_URL']).toMatch(/^postgres:\/\/u@127\.0\.0\.1:\d+\/d$/);
    expect(services?.get('api')?.env['PORTRAMP_URL']).toBe('http://api.shop.localhost:7267');
  });

  it('that is made from itself is a finding, once', () => {
    const { diagnostics } = resolutionOf('services:\n  a: { command: x, url: "${PORTRAMP_URL}/x" }\n');
    expect(diagnostics.map(({ code }) => code)).toEqual(['PR026']);
  });
});
