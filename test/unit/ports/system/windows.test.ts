/** The formats of netstat and of Win32_Process, as Microsoft documents them. */
import { describe, expect, it } from 'vitest';

import { createInspector } from '../../../../src/ports/inspect.ts';
import {
  createWindowsSystem,
  parseWindowsNetstat,
  parseWindowsProcesses,
} from '../../../../src/ports/system/windows.ts';

// The state is a word of the system's language.
const NETSTAT = [
  '',
  'Aktive Verbindungen',
  '',
  '  Proto  Lokale Adresse         Remoteadresse          Status           PID',
  '  TCP    0.0.0.0:135            0.0.0.0:0              ABHÖREN         1044',
  '  TCP    127.0.0.1:20001        0.0.0.0:0              ABHÖREN         5012',
  '  TCP    127.0.0.1:20001        127.0.0.1:61234        HERGESTELLT     5012',
  '  TCP    [::1]:20001            [::]:0                 ABHÖREN         7777',
  '  TCP    [fe80::1%12]:20003     [::]:0                 ABHÖREN         7777',
  '  UDP    0.0.0.0:20001          *:*                                    5012',
  '',
].join('\r\n');

const PROCESSES = JSON.stringify([
  { pid: 0, ppid: 0, command: null, started: '' },
  { pid: 5000, ppid: 400, command: 'cmd.exe /d /s /c "npm run dev"', started: '134085312000000000' },
  { pid: 5012, ppid: 5000, command: 'node server.js', started: '134085312010000000' },
  // Its parent's pid belongs to a younger process now.
  { pid: 7777, ppid: 5012, command: 'C:\\other\\ghost.exe', started: '134085311990000000' },
]);

describe('netstat', () => {
  it('tells who listens, in whatever language', () => {
    expect(parseWindowsNetstat(NETSTAT).map(({ address, port, pid }) => [address, port, pid])).toEqual([
      ['0.0.0.0', 135, 1044],
      ['127.0.0.1', 20_001, 5012],
      ['::1', 20_001, 7777],
      ['fe80::1', 20_003, 7777],
    ]);
    expect(parseWindowsNetstat('')).toEqual([]);
  });
});

describe('Win32_Process', () => {
  it('tells parents, but not those that are younger than their children', () => {
    const parents = parseWindowsProcesses(PROCESSES).map(({ pid, ppid }) => [pid, ppid]);
    expect(parents).toEqual([
      [0, 0],
      [5000, 0],
      [5012, 5000],
      [7777, 0],
    ]);
  });

  it.each(['', 'Get-CimInstance : Access denied', '{}', '[1, {"pid": "x"}]'])('may answer %j', (text) => {
    expect(parseWindowsProcesses(text)).toEqual([]);
  });
});

describe('a pass on Windows', () => {
  it('accepts the instance and names the ghost', () => {
    const system = createWindowsSystem((file) => (file === 'netstat' ? NETSTAT : PROCESSES));
    const instance = { pid: 5000, startTime: '134085312000000000', marker: 'ab12.api.1' };
    const claims = [{ instance, label: 'api of shop', ports: [{ name: 'http', number: 20_001 }] }];
    expect(createInspector(system).inspect(claims)).toMatchObject([
      {
        kind: 'ghost',
        holder: { pid: 7777, address: '::1', command: 'C:\\other\\ghost.exe' },
        later: false,
      },
    ]);
  });
});
