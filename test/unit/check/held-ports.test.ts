import { expect, it } from 'vitest';

import { findHeldPorts, fixedPortsOf } from '../../../src/check/held-ports.ts';
import { brief, read } from '../contract/read.ts';

const contract = read(
  [
    'reservations:',
    '  - { port: 20001, service: db, owner: team-data }',
    '  - { port: 20002, service: api, owner: team-api }',
    '  - { port: 20003, owner: team-infra }',
    'services:',
    '  api: { command: x, ports: { http: { static: 20000 }, admin: { static: 20002 } } }',
    '  db: { command: x }',
    '  mail: { external: "localhost:2525" }',
    '',
  ].join('\n'),
);

it('the numbers in question are those that the contract fixes, each once', () => {
  expect(fixedPortsOf(contract).map(({ number, who, kind }) => `${number} ${who} ${kind}`)).toEqual([
    '20000 api.http static',
    '20002 api.admin static',
    '20001 db reserved',
    '20003 team-infra outside',
  ]);
});

it('a holder is named by pid, command and directory', () => {
  const holders = new Map([
    [20_000, [{ pid: 42, command: 'node old.js', cwd: '/home/me/old' }]],
    [20_001, [{}]],
    [20_003, [{ pid: 7 }]],
    [20_002, []],
    [2525, [{ pid: 1 }]],
  ]);
  expect(brief(findHeldPorts([contract], holders)).toSorted()).toEqual([
    '4:13 PR030 20001, which belongs to db, is held by a process that this user cannot see | end that process, or give db another number',
    '6:13 PR030 20003, which is reserved for team-infra, is held by a process (pid 7) | see whether that is who it is reserved for',
    '8:47 PR030 20000, which belongs to api.http, is held by node old.js (pid 42, in /home/me/old) | end it with "kill 42", or give api.http another number',
    '8:73 PR030 20002, which belongs to api.admin, is held by a process that this user cannot see | end that process, or give api.admin another number',
  ]);
});

it('what is of a stack is ended by what ends a stack’s', () => {
  const holders = new Map([
    [20_000, [{ pid: 42, belonging: 'live' as const }]],
    [20_002, [{ pid: 43, belonging: 'left' as const }]],
  ]);
  expect(brief(findHeldPorts([contract], holders)).toSorted()).toEqual([
    '8:47 PR030 20000, which belongs to api.http, is held by a process (pid 42) | end it with "portramp stop --port 20000", or give api.http another number',
    '8:73 PR030 20002, which belongs to api.admin, is held by a process (pid 43) | end it with "portramp clean", or give api.admin another number',
  ]);
});

it('nobody there is nothing to say, and severities count', () => {
  expect(findHeldPorts([contract], new Map())).toEqual([]);
  const quiet = { ...contract, severities: { PR030: 'off' as const } };
  expect(findHeldPorts([quiet], new Map([[20_000, []]]))).toEqual([]);
});
