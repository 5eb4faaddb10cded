// A server that goes to the background as daemons do: a session of its own, nothing of its environment, and its parent
// ends with code 0. With "foreground" it stays. On $PORT.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

const [mode, number] = process.argv.slice(2);
if (mode === undefined) {
  const args = [fileURLToPath(import.meta.url), 'daemon', process.env.PORT];
  const child = spawn(process.execPath, args, {
    detached: true,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  child.once('message', () => process.exit(0));
} else {
  const port = Number(mode === 'daemon' ? number : process.env.PORT);
  createServer((_request, response) => response.end('daemon')).listen(port, '127.0.0.1', () => {
    process.send?.('up');
    if (mode === 'daemon') process.disconnect();
  });
}
