import { describe, expect, it } from 'vitest';

import { roomOf } from '../../../src/contract/ranges.ts';
import { DEFAULT_RANGE } from '../../../src/lib/port-range.ts';
import { complain, read } from './read.ts';

const API = 'services: { api: { command: x } }\n';
const TEST = 'environments: { test: }\n';

describe('ranges', () => {
  it('are those of the environment, else of dev, else the default one', () => {
    expect(read(API).range).toEqual(DEFAULT_RANGE);
    const dev = 'ranges: { dev: { from: 4000, to: 4999, static: 10, exclude: [4100-4199, 4500] } }\n';
    const expected = {
      from: 4000,
      to: 4999,
      static: 10,
      exclude: [
        { from: 4100, to: 4199 },
        { from: 4500, to: 4500 },
      ],
    };
    expect(read(dev + API + TEST).range).toEqual(expected);
    expect(read(dev + API + TEST, 'test').range).toEqual(expected);
    const both = 'ranges: { dev: { from: 4000, to: 4999 }, test: { from: 5000, to: 5003 } }\n';
    expect(read(both + API + TEST, 'test').range).toMatchObject({ from: 5000, static: 1 });
    expect(read(both + API + TEST).range).toMatchObject({ from: 4000, static: 128 });
  });

  it('have room for what is neither kept, excluded nor reserved', () => {
    const range = { from: 4000, to: 4019, static: 4, exclude: [{ from: 3990, to: 4005 }] };
    expect(roomOf(range)).toBe(14);
    expect(roomOf(range, [4001, 4005, 4010, 4019, 9000])).toBe(12);
  });

  it.each([
    ['{ tset: { from: 1, to: 9 } }', '3:11 PR001 there is no environment "tset" | did you mean "test"?'],
    [
      '{ dev: { from: 9, to: 1 } }',
      '3:31 PR001 the range 9-1 is upside down | write the lower number as from',
    ],
    [
      '{ dev: { from: 1, to: 4, static: 4 } }',
      '3:42 PR001 all 4 numbers of the range are kept for static ports | keep fewer, or widen the range',
    ],
    ['{ dev: { from: 0, to: 4 } }', /ranges.dev.from: a port is at least 1/],
    ['{ dev: { from: 1, to: 70000 } }', /ranges.dev.to: a port is at most 65535/],
    ['{ dev: { from: 1, to: 4, exclude: [x] } }', /this is not a span of ports/],
    ['{ dev: { from: 1, to: 4, exclude: [4-1] } }', /this is not a span of ports/],
    ['{ dev: { to: 4 } }', /ranges.dev lacks "from"/],
  ])('refuse %s', (text, expected) => {
    const [first, ...rest] = complain(`ranges: ${text}\n${API}${TEST}`);
    expect(rest).toEqual([]);
    if (typeof expected === 'string') expect(first).toBe(expected);
    else expect(first).toMatch(expected);
  });
});

describe('reservations', () => {
  it('are kept as written', () => {
    const text =
      'reservations: [{ port: 20010, service: api, owner: me, reason: GUI, expires: 2028-02-29 }]\n';
    expect(read(text + API).reservations).toEqual([
      { port: 20_010, service: 'api', owner: 'me', reason: 'GUI', expires: '2028-02-29' },
    ]);
  });

  it.each([
    ['[{ port: 1 }, { port: 1 }]', /1 is reserved twice/],
    ['[{ port: 1, expires: 2027-02-29 }]', /this is not a date/],
    ['[{ port: 1, expires: tomorrow }]', /this is not a date/],
    ['[{ service: api }]', /lacks "port"/],
    ['[{ port: 1, ownr: me }]', /did you mean "owner"/],
  ])('refuse %s', (text, expected) => {
    expect(complain(`reservations: ${text}\n${API}`)).toEqual([expect.stringMatching(expected)]);
  });
});

describe('severities', () => {
  it('are those of known rules', () => {
    expect(read(`check: { severity: { PR021: off, PR005: error } }\n${API}`).severities).toEqual({
      PR021: 'off',
      PR005: 'error',
    });
  });

  it.each([
    ['{ PR999: off }', /unknown key "PR999" in check.severity .* did you mean "PR009"/],
    ['{ PR021: loud }', /error, warning, note or off/],
    ['{ PR012: off }', /PR012 cannot be made a rule that is off: portramp dev refuses/],
    ['{ PR001: note }', /PR001 cannot be made a note/],
  ])('refuse %s', (text, expected) => {
    expect(complain(`check: { severity: ${text} }\n${API}`)).toEqual([expect.stringMatching(expected)]);
  });
});

describe('fields of ports and services', () => {
  it('arrive', () => {
    const { services } = read(
      'services: { api: { command: x, access: { from: [] }, transition: { onConflict: reassign }, renamedFrom: a, ports: { http: { static: 20001, follow: true, listener: external, renamedFrom: b }, debug: { visibility: private } } } }\n',
    );
    expect(services.get('api')).toMatchObject({
      access: { from: [] },
      transition: { onConflict: 'reassign' },
      renamedFrom: 'a',
      ports: [
        {
          name: 'http',
          static: 20_001,
          follow: true,
          listener: 'external',
          renamedFrom: 'b',
          hosts: ['api'],
        },
        { name: 'debug', visibility: 'private', hosts: [] },
      ],
    });
  });

  it.each([
    [
      'an old name that is there',
      '{ a: { command: x }, b: { command: x, renamedFrom: a } }',
      /there still is a service "a"/,
    ],
    [
      'an old name that two have',
      '{ a: { command: x, renamedFrom: c }, b: { command: x, renamedFrom: c } }',
      /a was renamed from "c" too/,
    ],
    [
      'an old port that is there',
      '{ a: { command: x, ports: { http: , b: { renamedFrom: http } } } }',
      /there still is a port/,
    ],
    [
      'a static port elsewhere',
      '{ a: { external: "x:1", ports: { http: { static: 5 } } } }',
      /does nothing for the port of an external/,
    ],
    [
      'access to a task',
      '{ a: { kind: task, command: x, access: { from: [] } } }',
      /"access" does nothing for a task/,
    ],
    [
      'a strategy that is none',
      '{ a: { command: x, transition: { strategy: blue } } }',
      /replace, handoff or rolling/,
    ],
  ])('refuse %s', (_, services, expected) => {
    expect(complain(`services: ${services}\n`)).toEqual([expect.stringMatching(expected)]);
  });
});
