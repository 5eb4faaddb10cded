// The peer `http-proxy`:
//
//     node http-proxy.js PORT BACKEND
import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';

const [port, backend] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true });
const proxy = httpProxy.createProxyServer({
  target: { host: '127.0.0.1', port: backend },
  agent,
  ws: true,
  xfwd: true,
});
proxy.on('error', (_error, _request, response) => response.destroy());
const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) =>
  proxy.web(request, response),
);
server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head));
server.listen(port, '127.0.0.1');
