/** The formats of lsof(8), netstat(1) and ps(1) as macOS documents and prints them. */
import { describe, expect, it } from 'vitest';

import { createInspector } from '../../../../src/ports/inspect.ts';
import {
  createMacosSystem,
  parseBsdNetstat,
  parseLsofListeners,
  parseMarker,
  parsePs,
} from '../../../../src/ports/system/macos.ts';

const LSOF = `p501
f20
d0x7c1c4a9d2b3f5e01
PTCP
n127.0.0.1:20001
f21
d0x7c1c4a9d2b3f5e02
PTCP
n[::1]:20001
p502
f20
d0x7c1c4a9d2b3f5e01
PTCP
n127.0.0.1:20001
p777
f6
d0x7c1c4a9d2b3f6000
PTCP
n*:20002
f7
d0x7c1c4a9d2b3f6001
PTCP
n[fe80:1::1]:20003
`;

const NETSTAT = `Active Internet connections (including servers)
Proto Recv-Q Send-Q  Local Address                                 Foreign Address                               (state)    
tcp4       0      0  127.0.0.1.20001                               *.*                                           LISTEN     
tcp6       0      0  ::1.20001                                     *.*                                           LISTEN     
tcp46      0      0  *.20002                                       *.*                                           LISTEN     
tcp4       0      0  192.168.1.5.20001                             *.*                                           LISTEN     
tcp6       0      0  fe80::1%lo0.20003                             *.*                                           LISTEN     
tcp4       0      0  127.0.0.1.20001                               127.0.0.1.61000                               ESTABLISHED
`;

const PS = `  501   400   501 Ss   Wed Nov 25 09:12:01 2026
  502   501   501 S    Wed Nov 25 09:12:03 2026
  777     1   777 S+   Wed Nov 25 08:00:00 2026
  778     1   777 Z    Wed Nov 25 08:00:00 2026
`;

describe('lsof', () => {
  it('is not believed to know a place that it does not name', () => {
    expect(parseLsofListeners('p1\nf2\nd0x1\nPTCP\nnnowhere\n')).toEqual({
      listeners: [],
      holders: new Map(),
    });
  });

  it('tells every socket once, with all that have it open', () => {
    const { listeners, holders } = parseLsofListeners(LSOF);
    expect(listeners.map(({ address, port }) => `${address} ${port}`)).toEqual([
      '127.0.0.1 20001',
      '::1 20001',
      '* 20002',
      'fe80:1::1 20003',
    ]);
    expect([...holders.values()]).toEqual([[501, 502], [501], [777], [777]]);
    expect(parseLsofListeners('').listeners).toEqual([]);
  });
});

describe('netstat', () => {
  it('tells the listeners of everybody', () => {
    expect(parseBsdNetstat(NETSTAT).map(({ address, port }) => `${address} ${port}`)).toEqual([
      '127.0.0.1 20001',
      '::1 20001',
      '* 20002',
      '192.168.1.5 20001',
      'fe80::1 20003',
    ]);
  });
});

describe('ps', () => {
  it('tells processes, but no zombies', () => {
    expect(parsePs(PS)).toEqual([
      { pid: 501, ppid: 400, pgrp: 501, session: 0, startTime: 'Wed Nov 25 09:12:01 2026' },
      { pid: 502, ppid: 501, pgrp: 501, session: 0, startTime: 'Wed Nov 25 09:12:03 2026' },
      { pid: 777, ppid: 1, pgrp: 777, session: 0, startTime: 'Wed Nov 25 08:00:00 2026' },
    ]);
  });

  it('tells the marker behind the command', () => {
    expect(parseMarker('node server.js HOME=/Users/me PORTRAMP_RUN=ab12.api.1 SHELL=/bin/zsh\n')).toBe(
      'ab12.api.1',
    );
    expect(parseMarker('node server.js --x=PORTRAMP_RUN HOME=/Users/me')).toBeUndefined();
  });
});

describe('a pass on macOS', () => {
  it('tells a ghost from the instance, and both from what only netstat sees', () => {
    const system = createMacosSystem((file, args) => {
      if (file === 'netstat') return NETSTAT;
      if (file === 'ps') return args.includes('-axo') ? PS : '';
      return args.includes('cwd') ? 'p777\nfcwd\nn/Users/me/other\n' : LSOF;
    });
    const instance = { pid: 501, startTime: 'Wed Nov 25 09:12:01 2026', marker: 'ab12.api.1' };
    const claim = (number: number) => ({ instance, label: 'api of shop', ports: [{ name: 'http', number }] });
    expect(createInspector(system).inspect([claim(20_002)])).toMatchObject([
      { kind: 'ghost', holder: { pid: 777, address: '*', cwd: '/Users/me/other' }, later: false },
    ]);
    expect(createInspector(system).inspect([claim(20_001)])).toMatchObject([
      { kind: 'unknown', address: '192.168.1.5' },
    ]);
  });
});
