// A service for tests: an HTTP server on $PORT that tells what it was given and does as the path says.
//
//     /          its name, pid and environment, as JSON
//     /call?url  what is at that URL, fetched by this process
//     /exit?code ends with that code
//     /print?text prints that line
import { createServer } from 'node:http';

const { PORT, HOST = '127.0.0.1', PORTRAMP_SERVICE: service } = process.env;
const delay = Number(process.env.START_DELAY ?? 0);

const server = createServer((request, response) => void answer(request, response));

async function answer(request, response) {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const send = (value, status = 200) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  try {
    if (url.pathname === '/call') {
      const answer = await fetch(url.searchParams.get('url') ?? '');
      send({ status: answer.status, body: await answer.text() });
    } else if (url.pathname === '/exit') {
      send({});
      setImmediate(() => process.exit(Number(url.searchParams.get('code') ?? 0)));
    } else if (url.pathname === '/print') {
      console.log(url.searchParams.get('text'));
      send({});
    } else if (url.pathname === '/healthz') {
      send({ ok: true });
    } else {
      send({
        service,
        pid: process.pid,
        url: request.url,
        headers: request.headers,
        env: process.env,
        cwd: process.cwd(),
      });
    }
  } catch (error) {
    send({ error: String(error) }, 500);
  }
}

// Long enough to be seen as "warming" where a test asks for it; tests wait for events, not for this.
setTimeout(() => {
  server.listen(Number(PORT), HOST, () => console.log(`${service} listens on ${PORT}`));
}, delay);

process.on('SIGTERM', () => {
  console.log(`${service} got SIGTERM`);
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
