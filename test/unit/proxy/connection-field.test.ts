/** What a Connection field says of the connection, and of other fields. */
import { expect, it } from 'vitest';

import { request } from './wire-heads.ts';

const NOTHING = { close: false, keepAlive: false, upgrade: false, names: [] };

it.each([
  ['', NOTHING],
  ['Connection: close\r\n', { ...NOTHING, close: true }],
  ['Connection: keep-alive\r\n', { ...NOTHING, keepAlive: true }],
  ['Connection: Keep-Alive\r\n', { ...NOTHING, keepAlive: true }],
  ['Connection: upgrade\r\n', { ...NOTHING, upgrade: true }],
  ['Connection: Upgrade\r\n', { ...NOTHING, upgrade: true }],
  ['Connection: CLOSE\r\n', { ...NOTHING, close: true, names: ['close'] }],
  ['Connection: close, , X-A\r\n', { ...NOTHING, close: true, names: ['close', 'x-a'] }],
  [
    'Connection: close\r\nX: 1\r\nConnection: upgrade\r\n',
    { ...NOTHING, close: true, upgrade: true, names: ['close', 'upgrade'] },
  ],
  ['Connection: content-length, x\r\n', { ...NOTHING, names: ['x'] }],
])('%j', (fields, expected) => {
  expect(request(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`).connection).toEqual({
    ...NOTHING,
    ...expected,
  });
});
