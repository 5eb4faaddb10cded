// A backend whose connections stay open and do nothing: WebSockets that send back what they get, and event streams
// that send one event. Prints its port.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
const server = createServer((request, response) => {
  if (request.url !== '/events') return response.writeHead(200, { 'content-length': 2 }).end('ok');
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  return response.write('data: hello\n\n');
});
server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (client) => {
    // Clients that are torn down end by a reset.
    client.on('error', () => undefined);
    client.on('message', (data) => client.send(data, { binary: false }));
  });
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log(server.address().port));
