/** A program for tests: an engine that forwards everything to one target. `node forwarder.js ENGINE PROTOCOL HOST PORT`. */
import { createServer } from 'node:net';

import { engines } from './engines.ts';
import { forwardTo, portOf } from './scene.ts';

const [, , name, protocol, host = '', port] = process.argv;
const engine = engines.find((one) => one.name === name)?.create();
const target = { protocol: protocol === 'https' ? 'https' : 'http', host, port: Number(port) } as const;
const server = engine?.createServer(() => forwardTo(target, { host }));
const listener = createServer({ allowHalfOpen: true }, (socket) => server?.accept(socket));
listener.listen(0, '127.0.0.1', () => console.log(portOf(listener)));
