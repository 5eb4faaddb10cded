import { describe, expect, it } from 'vitest';

import type { Finding } from '../../../src/protocol/messages.ts';
import { cureFor, judgeFinding } from '../../../src/stack/findings.ts';
import type { ResolvedService } from '../../../src/plan/plan.ts';
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

  it('that a crash has left is cleaned, and one of a stack that runs is stopped', () => {
    expect(judgeFinding(implicit, ghost, 'left')).toMatchObject({
      cause: {
        message: expect.stringContaining(', which a crash has left behind; it listens on ::1') as string,
        hint: 'end it: portramp clean, then start api again',
      },
    });
    expect(judgeFinding(implicit, ghost, 'live')).toMatchObject({
      cause: { hint: 'end it: portramp stop --port 20200, then start api again' },
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
  const HANDOFF = ', ready: { http: / }, transition: { strategy: handoff }';
  const logged = (port: string): ResolvedService => serviceOf(`, ready: { log: up }${port}`);

  it('is left to who watches it where its port is looked for, or it is followed', () => {
    for (const service of [implicit, serviceOf(', ports: { http: { follow: true } }'), serviceOf(HANDOFF)])
      expect(judgeFinding(service, elsewhere('http', 3000, 9229))).toBeUndefined();
    expect(judgeFinding(logged(''), elsewhere('http', 3000))).toBeUndefined();
  });

  it('is told so where its port need not be there, and it is not followed', () => {
    expect(judgeFinding(logged(''), elsewhere('http', 3000, 3001))).toEqual({
      kind: 'tell',
      text:
        'api listens on 3000 and 3001, not on 20200 (its port http); if one of them is http, give it the port ' +
        'that PORT says; if it has no port, write "ports: false"',
    });
    expect(judgeFinding(explicit, elsewhere('admin', 3000))).toMatchObject({
      text: expect.stringMatching(
        /give it that port: only the first port of a service is followed$/,
      ) as string,
    });
  });

  const cures: [string, ResolvedService, RegExp][] = [
    ['usual', implicit, /or add "ports: \{ http: \{ follow: true \} \}" to services.api$/],
    [
      'static',
      serviceOf(', ports: { http: { static: 20000 } }'),
      /or add "follow: true" to services.api.ports.http$/,
    ],
    [
      'false',
      serviceOf(', ports: { http: { follow: false } }'),
      /write "follow: true" in place of "follow: false" in services.api.ports.http$/,
    ],
    ['asked', serviceOf(', ports: { http: { follow: true } }'), /^give it the port that PORT says$/],
    ['of a ramp', serviceOf(HANDOFF), /^the ramp leads there; give it the port that PORT says$/],
  ];
  it.each(cures)('is told what helps where following is %s', (_follow, service, cure) => {
    const [port] = service.ports;
    expect(port && cureFor(service, port, [3000])).toMatch(cure);
  });

  it('is never told to take what somebody else has', () => {
    const [port] = implicit.ports;
    expect(port && cureFor(implicit, port, [3000], true)).toBe('give it the port that PORT says');
  });

  it('is nothing for a port that an edit has removed', () => {
    expect(judgeFinding(explicit, elsewhere('http', 3000))).toBeUndefined();
  });
});
