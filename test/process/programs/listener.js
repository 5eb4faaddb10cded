// Listens on HOST PORT, says so in one line of JSON, and waits. With TITLE it overwrites its argv area first.
import { createServer } from 'node:http';

const [host, port] = process.argv.slice(2);
const { TITLE } = process.env;
if (TITLE !== undefined) process.title = TITLE;
const say = (message) => process.stdout.write(`${JSON.stringify({ pid: process.pid, host, ...message })}\n`);
createServer((_request, response) => response.end(`listener ${process.pid}`))
  .once('error', ({ code }) => {
    say({ error: code });
    process.exit(0);
  })
  .listen({ port: Number(port), host, exclusive: true }, function listening() {
    say({ port: this.address().port });
  });
