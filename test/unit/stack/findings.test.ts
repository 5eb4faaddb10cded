import { describe, expect, it } from 'vitest';

import type { Finding } from '../../../src/protocol/messages.ts';
import { judgeFinding } from '../../../src/stack/findings.ts';
import { resolutionOf } from '../plan/stack.ts';

const serviceOf = (fields: string) => {
  const { services } = resolutionOf(`services:\n  api: { command: run${fields} }\n`);
  return services.get('api')!;
};

const implicit = serviceOf('');
const explicit = serviceOf(', ports: { web: { primary: true }, admin: {} }');
const ghost: Finding = {
  kind: 'ghost',
  marker: 'run.api.1',
  port: 'http',
  number: 20_200,
  holder: { pid: 7, address: '::1', command: 'node other.js', cwd: '/home/me/other' },
  later: false,
};
const elsewhere = (port: string, ...numbers: number[]): Finding => ({
  kind: 'elsewhere',
  marker: 'run.api.1',
  port,
  number: 20_200,
  opened: numbers.map((number) => ({ number, address: '127.0.0.1', pid: 8 })),
});

describe('a ghost', () => {
  it('fails the service with pid, command, folder and what to type', () => {
    expect(judgeFinding(implicit, ghost)).toEqual({
      kind: 'ghost',
      cause: {
        message:
          'port 20200 (http) is shared with node other.js (pid 7, in /home/me/other); it listens on ::1',
        hint: 'end it: kill 7, then start api again',
      },
    });
  });

  it('is named as the service that it is, and may be the service itself', () => {
    expect(judgeFinding(implicit, { ...ghost, label: 'web of other' })).toMatchObject({
      cause: {
        message: expect.stringContaining('(pid 7, in /home/me/other), which is web of other; it') as string,
        hint: 'end it: portramp stop --port 20200, then start api again',
      },
    });
    expect(judgeFinding(implicit, { ...ghost, later: true })).toMatchObject({
      cause: {
        hint:
          'end it: kill 7, then start api again; if it is api itself, which detached without a trace, ' +
          'add "ports: { http: { listener: external } }" to services.api',
      },
    });
  });

  it('of another user cannot be named; the line that accepts it is offered', () => {
    const finding: Finding = { ...ghost, kind: 'unknown', port: 'web', address: '0.0.0.0', user: 33 };
    expect(judgeFinding(explicit, finding)).toEqual({
      kind: 'ghost',
      cause: {
        message:
          'port 20200 (web) is listened on by a process of user 33 that cannot be identified, on 0.0.0.0',
        hint: 'if it is api itself, add "listener: external" to services.api.ports.web',
      },
    });
  });
});

describe('a service that listens elsewhere', () => {
  it('is told the line to add, where it belongs', () => {
    expect(judgeFinding(implicit, elsewhere('http', 3000))).toEqual({
      kind: 'tell',
      text:
        'api listens on 3000, not on 20200 (its port http); give it the port that PORT says, ' +
        'or add "ports: { http: { follow: true } }" to services.api',
    });
    expect(judgeFinding(explicit, elsewhere('admin', 3000))).toMatchObject({
      text: expect.stringContaining('or add "follow: true" to services.api.ports.admin') as string,
    });
  });

  it('is left to who watches it when it is one port and the contract says to follow', () => {
    const following = serviceOf(', ports: { http: { follow: true } }');
    expect(judgeFinding(following, elsewhere('http', 3000))).toBeUndefined();
    const ramped = serviceOf(', ramp: true, ports: { http: { follow: true } }');
    expect(judgeFinding(ramped, elsewhere('http', 3000))).toBeUndefined();
    expect(judgeFinding(following, elsewhere('http', 3000, 9229))).toEqual({
      kind: 'tell',
      text: 'api listens on 3000 and 9229, not on 20200 (its port http); portramp follows only when it is one port',
    });
  });

  it('behind a ramp is told to follow only where it is alone', () => {
    expect(judgeFinding(serviceOf(', ramp: true'), elsewhere('http', 3000))).toMatchObject({
      text: expect.stringContaining('or add "ports: { http: { follow: true } }" to services.api') as string,
    });
    const several = serviceOf(', ready: { http: / }, transition: { strategy: handoff }');
    expect(judgeFinding(several, elsewhere('http', 3000))).toMatchObject({
      text: expect.stringMatching(/; the ramp leads there; give it the port that PORT says$/) as string,
    });
  });

  it('is nothing for a port that an edit has removed', () => {
    expect(judgeFinding(explicit, elsewhere('http', 3000))).toBeUndefined();
  });
});
