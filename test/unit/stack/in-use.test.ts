/** What programs print when the port that they want is in use. */
import { describe, expect, it } from 'vitest';

import { numbersInUse } from '../../../src/stack/in-use.ts';

const PROGRAMS: [string, string, number[]][] = [
  [
    'node',
    `node:events:497
      throw er; // Unhandled 'error' event
Error: listen EADDRINUSE: address already in use :::3000
    at Server.setupListenHandle [as _listen2] (node:net:1907:16)
  code: 'EADDRINUSE',
  errno: -98,
  syscall: 'listen',
  address: '::',
  port: 3000
}

Node.js v20.20.2`,
    [3000],
  ],
  [
    'node, the last of it',
    "  code: 'EADDRINUSE',\n  errno: -98,\n  syscall: 'listen',\n  address: '::',\n  port: 3000\n}",
    [3000],
  ],
  ['node on an address', 'Error: listen EADDRINUSE: address already in use 127.0.0.1:8080', [8080]],
  ['next', '⨯ Failed to start server\nError: listen EADDRINUSE: address already in use 0.0.0.0:3000', [3000]],
  ['vite', 'error when starting dev server:\nError: Port 5173 is already in use', [5173]],
  ['angular', 'Port 4200 is already in use. Use --port to specify a different port.', [4200]],
  ['go', 'panic: listen tcp 127.0.0.1:9000: bind: address already in use', [9000]],
  ['go on all addresses', 'listen tcp :8081: bind: address already in use', [8081]],
  [
    'uvicorn',
    "ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use",
    [8000],
  ],
  ['flask', 'Address already in use\nPort 5000 is in use by another program. Either stop it …', [5000]],
  ['django', 'Error: That port is already in use.\nError: [Errno 98] Address already in use', []],
  ['python', 'OSError: [Errno 98] Address already in use', []],
  ['puma', 'bind: Address already in use - bind(2) for "127.0.0.1" port 3001 (Errno::EADDRINUSE)', [3001]],
  [
    'nginx',
    'nginx: [emerg] bind() to 0.0.0.0:8088 failed (98: Address already in use)\nnginx: [emerg] still could not bind()',
    [8088],
  ],
  [
    'redis',
    '# Warning: Could not create server TCP listening socket 127.0.0.1:6379: bind: Address already in use\n# Failed listening on port 6379 (tcp), aborting.',
    [6379],
  ],
  [
    'postgres',
    'LOG:  could not bind IPv4 address "127.0.0.1": Address already in use\nHINT:  Is another postmaster already running on port 5432? If not, wait a few seconds and retry.',
    [5432],
  ],
  ['spring', 'Web server failed to start. Port 8082 was already in use.', [8082]],
  ['php', 'Failed to listen on localhost:8000 (reason: Address already in use)', [8000]],
  ['rust', 'Error: Os { code: 98, kind: AddrInUse, message: "Address already in use" }', []],
  ['deno', 'error: Uncaught (in promise) AddrInUse: Address already in use (os error 98)', []],
  [
    'redis on every address, with the time',
    '77:M 30 Nov 2026 09:11:42.123 # Warning: Could not create server TCP listening socket *:6379: bind: Address already in use\n' +
      '77:M 30 Nov 2026 09:11:42.123 # Failed listening on port 6379 (tcp), aborting.',
    [6379],
  ],
  [
    'nginx with the time',
    '2026/11/30 09:11:42 [emerg] 123#123: bind() to 0.0.0.0:8124 failed (98: Address already in use)',
    [8124],
  ],
  [
    'postgres with the time',
    '2026-11-30 09:11:42.123 UTC [123] LOG:  could not bind IPv4 address "0.0.0.0": Address already in use\n' +
      '2026-11-30 09:11:42.123 UTC [123] HINT:  Is another postmaster already running on port 5433? If not, wait a few seconds and retry.\n' +
      '2026-11-30 09:11:42.123 UTC [123] FATAL:  could not create any TCP/IP sockets',
    [5433],
  ],
  [
    'mysql',
    "[ERROR] Can't start server: Bind on TCP/IP port: Address already in use\n[ERROR] Do you already have another mysqld server running on port: 3306 ?",
    [3306],
  ],
  [
    'memcached',
    'bind(): Address already in use\nfailed to listen on TCP port 11211: Address already in use',
    [11211],
  ],
  ['apache', '(98)Address already in use: AH00072: make_sock: could not bind to address [::]:8085', [8085]],
  ['gunicorn', "[ERROR] Connection in use: ('127.0.0.1', 8000)", [8000]],
  ['java', 'Exception in thread "main" java.net.BindException: Address already in use', []],
  [
    'jetty',
    'java.io.IOException: Failed to bind to /0.0.0.0:8086\nCaused by: java.net.BindException: Address already in use',
    [8086],
  ],
  [
    '.NET',
    'System.IO.IOException: Failed to bind to address http://127.0.0.1:5001: address already in use.\n' +
      ' ---> System.Net.Sockets.SocketException (98): Address already in use',
    [5001],
  ],
  ['ruby', 'Address already in use - bind(2) for 127.0.0.1:4567 (Errno::EADDRINUSE)', [4567]],
  ['elixir', '[error] Running Endpoint with Bandit at 127.0.0.1:4000 (http) failed: :eaddrinuse', [4000]],
  ['colours', '\u001B[31mError: listen EADDRINUSE: address already in use :::3000\u001B[0m', [3000]],
];

describe('the last lines of a program', () => {
  it.each(PROGRAMS)('name the number that was in use: %s', (_name, text, numbers) => {
    expect(numbersInUse(text.split('\n'))).toEqual(numbers);
  });

  it.each([
    'Port 5173 is in use, trying another one...',
    '⚠ Port 3000 is in use, trying 3001 instead.',
    ' ⚠ Port 3000 is in use by process 77, using available port 3001 instead.',
    'Port 4321 is in use, trying another port…',
  ])('say nothing of a port where the program took another one: %s', (line) => {
    expect(numbersInUse([line, 'TypeError: x is not a function'])).toBeUndefined();
    expect(numbersInUse([line, 'Error: listen EADDRINUSE: address already in use :::3001'])).toEqual([3001]);
  });

  it('say nothing of a port where another thing went wrong', () => {
    const log = [
      'listening on http://localhost:3000',
      'TypeError: x is not a function',
      '    at app.js:12:3',
    ];
    expect(numbersInUse(log)).toBeUndefined();
    expect(numbersInUse([])).toBeUndefined();
  });
});
