// A server on $PORT that closes its port when it is asked for /close, and opens it again on SIGUSR2.
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  response.setHeader('connection', 'close');
  response.end('here', () => {
    if (request.url === '/close') server.close();
  });
});
const open = () => server.listen(Number(process.env.PORT), '127.0.0.1');
open();
process.on('SIGUSR2', open);
// It lives on without its port.
setInterval(() => undefined, 60_000);
