import { expect, it } from 'vitest';

import { upgradeOf } from '../../../src/proxy/engine/upgrade.ts';

it.each(['tcp', 'TCP', 'tailscale-control-protocol', 'foo/2', 'websocket', 'WebSocket', 'httpd'])(
  'passes on an upgrade to %s',
  (protocol) => expect(upgradeOf(protocol)?.toLowerCase()).toBe(protocol.toLowerCase()),
);

it.each([
  'h2c',
  'H2C',
  'h2',
  'h2c-16',
  'HTTP/2.0',
  'https',
  'TLS/1.0',
  'tls/1.3, http/1.1',
  'h2c,',
  ',',
  'tcp, a b',
  'a b',
  '',
  'tcp\u0001',
  undefined,
])('ignores one to %j: what follows would be requests that nobody looks at', (protocol) =>
  expect(upgradeOf(protocol)).toBeUndefined(),
);

it.each([
  ['foo, bar/2', 'foo, bar/2'],
  ['foo,bar/2 ,, Baz', 'foo, bar/2, Baz'],
  ['h2c, tcp', 'tcp'],
  ['tcp\t,TLS/1.2,HTTP/2.0', 'tcp'],
  ['h2c, WebSocket', 'websocket'],
])('passes on of %j what is not HTTP again: %j', (offer, passed) => expect(upgradeOf(offer)).toBe(passed));

it('passes on WebSocket only in a handshake', () => {
  expect(upgradeOf('foo, websocket', false)).toBe('foo');
  expect(upgradeOf('websocket', false)).toBeUndefined();
});
