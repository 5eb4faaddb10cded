import type { Server } from 'node:http';

import type { Upgrade } from './tunnel.ts';

/**
 * Serves a request whose `Upgrade` is not WebSocket as if it had none (RFC 9110 §7.8): Java's client asks for
 * h2c on every first request. Node has let go of the connection, so it gets it again with another head.
 */
export function withoutUpgrade(server: Server, { req, socket, early }: Upgrade): void {
  const lines = [`${req.method} ${req.url} HTTP/${req.httpVersion}`];
  for (let index = 0; index < req.rawHeaders.length; index += 2) {
    const [name = '', value = ''] = req.rawHeaders.slice(index, index + 2);
    if (/^(upgrade|http2-settings)$/i.test(name)) continue;
    lines.push(`${name}: ${name.toLowerCase() === 'connection' ? withoutOption(value) : value}`);
  }
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  socket.unshift(Buffer.concat([head, early]));
  server.emit('connection', socket);
}

const withoutOption = (value: string): string =>
  value
    .split(',')
    .filter((option) => !/^\s*(upgrade|http2-settings)\s*$/i.test(option))
    .join(',');
