import { describe, expect, it } from 'vitest';

import { brief } from '../contract/read.ts';
import { planOf, resolutionOf } from './stack.ts';

const CLOSED = [
  'services:',
  '  db: { command: x, access: { from: [api] }, ports: { pg: { appProtocol: tcp }, admin: , web: { visibility: private, primary: true } } }',
].join('\n');

describe('access', () => {
  const body = (access: string) =>
    [
      'services:',
      `  api: { command: x, access: ${access} }`,
      '  web: { command: x, consumes: [api] }',
      '  spy: { command: x, consumes: [{ service: api, optional: true }] }',
      '',
    ].join('\n');

  it('is for those in the list, and nobody else is told anything', () => {
    const { plan, diagnostics } = planOf(body('{ from: [web] }'));
    expect(brief(diagnostics)).toEqual([
      '6:33 PR011 spy may not consume api, which lets in web | add spy to access.from of api, or do not use api here',
    ]);
    expect(plan.services.get('spy')?.needs).toEqual([]);
    const { services } = resolutionOf(body('{ from: [web] }'));
    expect(services.get('web')?.env).toHaveProperty('API_PORT');
    expect(Object.keys(services.get('spy')?.env ?? {}).filter((name) => name.startsWith('API_'))).toEqual([]);
  });

  it('may be for nobody', () => {
    expect(planOf(body('{ from: [] }')).diagnostics).toHaveLength(2);
  });

  it('names services that exist', () => {
    expect(brief(planOf(body('{ from: [web, spi, spy] }')).diagnostics)).toEqual([
      '4:44 PR010 api lets in "spi", and there is no such service | did you mean "api"?',
    ]);
  });

  it('holds for references too, but not for names that a browser shows', () => {
    const { diagnostics, services } = resolutionOf(
      [
        'services:',
        '  api: { command: x, access: { from: [] } }',
        '  spy:',
        '    command: x',
        '    env:',
        '      A: ${api.url}',
        '      B: ${api.http.port}',
        '      C: ${api.publicUrl}',
        '',
      ].join('\n'),
    );
    expect(brief(diagnostics).map((text) => text.split(' | ')[0])).toEqual([
      '8:10 PR011 ${api.url}: spy may not consume api, which lets in nobody',
      '9:10 PR011 ${api.http.port}: spy may not consume api, which lets in nobody',
    ]);
    expect(services.get('spy')?.env).toMatchObject({ A: '', B: '', C: 'http://api.shop.localhost:7267' });
  });
});

describe('a private port', () => {
  const body = (consumes: string, more = '') =>
    `services:\n  api: { command: x, ports: { http: , debug: { visibility: private } } }\n  web: { command: x, consumes: [${consumes}]${more} }\n`;

  it('has no host name and is told to its own service only', () => {
    const { services, diagnostics } = resolutionOf(body('api', ', env: { A: "${api.debug.port}" }'));
    expect(services.get('api')?.ports[1]).toMatchObject({ hosts: [], shortHosts: [] });
    expect(services.get('api')?.env).toHaveProperty('DEBUG_PORT');
    expect(brief(diagnostics)).toEqual([
      expect.stringMatching(/PR011 .*web may not consume api.debug, which is private/),
    ]);
  });

  it('cannot be consumed by name', () => {
    expect(brief(planOf(body('{ service: api, port: debug }')).diagnostics)).toEqual([
      expect.stringMatching(/PR011 web may not consume api.debug/),
    ]);
  });

  it('that is the first one leaves nothing to tell', () => {
    const text = `${CLOSED}\n  api: { command: x, consumes: [db] }\n`;
    const { services, diagnostics } = resolutionOf(text);
    expect(diagnostics).toEqual([]);
    expect(Object.keys(services.get('api')?.env ?? {}).filter((name) => name.startsWith('DB_'))).toEqual([]);
  });
});
