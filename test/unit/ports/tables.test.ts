import { describe, expect, it } from 'vitest';

import { parseLsof } from '../../../src/ports/holders.ts';
import { probeAddresses } from '../../../src/ports/probe.ts';
import { parseListeners, parseSocketTable } from '../../../src/ports/socket-table.ts';

describe('the socket table', () => {
  it('is read as the kernel prints it', () => {
    const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0
   1: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1
   2: 0000000000000000FFFF00000100007F:C350 0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 4713 1
   3: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4714 1
   4: 0100007F:1F91 0100007F:1F90 06 00000000:00000000 03:00000CEA 00000000     0        0 0 3
`;
    expect(parseSocketTable(text)).toEqual([
      { address: '127.0.0.1', port: 8080, listening: true, inode: '4711', user: 1000 },
      { address: '::1', port: 8080, listening: true, inode: '4712', user: 0 },
      { address: '127.0.0.1', port: 50_000, listening: false, inode: '4713', user: 0 },
      { address: '::', port: 80, listening: true, inode: '4714', user: 0 },
    ]);
    expect(parseSocketTable('')).toEqual([]);
    expect(parseListeners(text).map(({ id, port }) => [id, port])).toEqual([
      ['4711', 8080],
      ['4712', 8080],
      ['4714', 80],
    ]);
  });
});

describe("lsof's field output", () => {
  it('becomes holders', () => {
    expect(
      parseLsof('p12\ncnode\nf20\nn127.0.0.1:3000\nf21\nn[::1]:3000\np13\ncnginx\nf6\nn*:3000\n'),
    ).toEqual([
      { pid: 12, command: 'node', address: '127.0.0.1' },
      { pid: 13, command: 'nginx', address: '*' },
    ]);
    expect(parseLsof('')).toEqual([]);
  });
});

describe('the addresses that are probed', () => {
  it('are as few as each system allows', () => {
    expect(probeAddresses('linux', true)).toEqual(['::']);
    expect(probeAddresses('linux', false)).toEqual(expect.arrayContaining(['0.0.0.0', '127.0.0.1']));
    expect(probeAddresses('darwin', true)).toEqual(
      expect.arrayContaining(['::', '0.0.0.0', '127.0.0.1', '::1']),
    );
    expect(probeAddresses('win32', true)).toEqual(probeAddresses('darwin', true));
  });
});
