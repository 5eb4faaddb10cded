// Answers nobody before CROWD requests are here, then all of them. Says its port in one line.
import { createServer } from 'node:http';

const crowd = Number(process.argv[2]);
const waiting = [];
createServer((_request, response) => {
  waiting.push(response);
  if (waiting.length >= crowd) for (const each of waiting.splice(0)) each.end('served');
}).listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, function listening() {
  console.log(this.address().port);
});
