/** A bind that fails is a finding only where the system says that the port is in use. */
import { describe, expect, it } from 'vitest';

import { describeForbidden, howToEnd } from '../../../src/lib/holder.ts';
import { lookAtPort } from '../../../src/ports/look.ts';
import { isPortFree, probePort, type BindOnce } from '../../../src/ports/probe.ts';

/** A system whose binds fail with this code; port 0, by which families are found out, can be bound. */
const failing =
  (code: string): BindOnce =>
  (port) =>
    port === 0
      ? Promise.resolve()
      : Promise.reject(Object.assign(new Error(`listen ${code}: ${port}`), { code }));

describe('a bind of a port', () => {
  it.each([
    ['EADDRINUSE', 'taken'],
    ['EACCES', 'forbidden'],
    ['EADDRNOTAVAIL', 'free'],
    ['EAFNOSUPPORT', 'free'],
    ['EINVAL', 'free'],
    ['EPROTONOSUPPORT', 'free'],
  ])('that fails with %s tells that it is %s', async (code, state) => {
    expect(await probePort(1, failing(code))).toBe(state);
  });

  it('that fails for another reason tells nothing', async () => {
    await expect(probePort(1, failing('EIO'))).rejects.toMatchObject({ code: 'EIO' });
  });

  it('is made, and given back', async () => {
    const bound: number[] = [];
    const bind: BindOnce = async (port) => void bound.push(port);
    expect(await probePort(20_000, bind)).toBe('free');
    expect(bound).toContain(20_000);
    expect(await isPortFree(0)).toBe(true);
  });
});

describe('a look at a port', () => {
  const holder = { pid: 7, address: '127.0.0.1', command: 'nginx' };
  it.each([
    ['free', [holder], { free: true, holders: [] }],
    ['taken', [holder], { free: false, holders: [holder] }],
    // A socket that is bound and does not listen is in no table.
    ['taken', [], { free: false, holders: [] }],
    ['forbidden', [holder], { free: false, holders: [holder], forbidden: true }],
    ['forbidden', [], { free: true, holders: [], forbidden: true }],
  ] as const)('whose bind is %s, and whose table has %j, sees %j', async (state, holders, sight) => {
    const looks = { probe: async () => state, holdersOf: async () => holders };
    expect(await lookAtPort(80, looks)).toEqual(sight);
  });

  it('says how the number could be had, where the system has a way', () => {
    expect(describeForbidden(80, 'linux')).toBe(
      'may not be opened by this user; "sudo sysctl net.ipv4.ip_unprivileged_port_start=80" allows it',
    );
    expect(describeForbidden(49_800, 'win32')).toBe('may not be opened by this user');
    expect(describeForbidden(80, 'darwin')).toBe('may not be opened by this user');
  });
});

it.each([
  [{ pid: 7 }, 'kill 7'],
  [{ pid: 7, belonging: 'live' }, 'portramp stop --port 20000'],
  [{ pid: 7, belonging: 'left' }, 'portramp clean'],
  [{}, undefined],
] as const)('%j is ended by %j', (holder, command) => {
  expect(howToEnd(20_000, holder)).toBe(command);
});
