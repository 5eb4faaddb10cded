// A server that says "up" at once, and listens on $PORT only when a file is there: LISTEN_WHEN.
import { existsSync, watch } from 'node:fs';
import { createServer } from 'node:http';
import { dirname } from 'node:path';

const { PORT, LISTEN_WHEN: file } = process.env;
console.log('up');

const watcher = watch(dirname(file), () => {
  if (!existsSync(file)) return;
  watcher.close();
  createServer((_request, response) => response.end('late')).listen(Number(PORT), '127.0.0.1');
});
