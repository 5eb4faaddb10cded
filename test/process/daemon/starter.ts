/** A client process: connects, starting a daemon if need be, says what it found, and leaves at the end of stdin. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { messageOf } from '../../../src/lib/errors.ts';
import { locateHome } from '../../../src/lib/home.ts';
import { connectDaemon } from '../../../src/protocol/client.ts';

try {
  const client = await connectDaemon({
    home: locateHome(),
    spawn: true,
    version: '1.0.0',
    bundle: dirname(fileURLToPath(import.meta.url)),
  });
  const { front } = await client.request('list', {});
  process.stdout.write(`${JSON.stringify({ pid: client.pid, front })}\n`);
  process.stdin.resume().once('end', () => client.close());
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: messageOf(error) })}\n`);
}
