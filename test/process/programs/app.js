// A service for tests of transitions: HTTP and WebSocket on $PORT, TCP echo on $ECHO_PORT if there is one.
//
//     /            {version, pid, slot port}; ?wait=ms answers later
//     /download    10 MiB, slowly: the version's number in every byte
//     /events      an event stream that never ends by itself
//     ws           echoes, and says its version first
//
// START_DELAY (ms) before it listens; BROKEN=1 never listens. SIGTERM ends it at once, with PATIENT=1 when its last
// connection has ended.
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { WebSocketServer } from 'ws';

const {
  PORT,
  ECHO_PORT,
  HOST = '127.0.0.1',
  VERSION = '1',
  START_DELAY = '0',
  BROKEN,
  PATIENT,
} = process.env;

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname === '/download') {
    void download(response);
    return;
  }
  if (url.pathname === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${VERSION}\n\n`);
    return;
  }
  const answer = () => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ version: VERSION, pid: process.pid, port: PORT }));
  };
  setTimeout(answer, Number(url.searchParams.get('wait') ?? 0));
});

async function download(response) {
  const chunk = Buffer.alloc(256 * 1024, VERSION);
  response.writeHead(200, { 'content-length': String(chunk.length * 40) });
  for (let count = 0; count < 40; count += 1) {
    if (!response.write(chunk)) await new Promise((resolve) => response.once('drain', resolve));
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  response.end();
}

new WebSocketServer({ server }).on('connection', (socket) => {
  socket.send(VERSION);
  socket.on('message', (data) => socket.send(data));
});

const echo = createTcpServer((socket) => {
  socket.write(`${VERSION}\n`);
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
});

if (BROKEN === undefined) {
  setTimeout(() => {
    if (ECHO_PORT !== undefined) echo.listen(Number(ECHO_PORT), HOST);
    server.listen(Number(PORT), HOST, () => console.log(`version ${VERSION} listens on ${PORT}`));
  }, Number(START_DELAY));
} else setInterval(() => undefined, 1_000);

process.on('SIGTERM', () => {
  console.log(`version ${VERSION} got SIGTERM`);
  server.close(() => process.exit(0));
  if (PATIENT === undefined) process.exit(0);
});
