/** Runs in a small file system: `node full-disk.js FOLDER`. Fills it, asks for a lease, makes room, asks again. */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { PortrampError } from '../../../src/lib/errors.ts';
import { locateHome } from '../../../src/lib/home.ts';
import type { Ledger } from '../../../src/ports/ledger.ts';
import { connectDaemon } from '../../../src/protocol/client.ts';

const [folder = ''] = process.argv.slice(2);
const home = locateHome();
const key = { root: join(folder, 'shop'), environment: 'dev' };
mkdirSync(key.root);
const client = await connectDaemon({ home, spawn: true, version: '1.0.0' });
await client.request('claim', { ...key, workspace: 'shop', workspaceId: 'shop', main: true });

const lease = async (service: string): Promise<number> => {
  const { leases } = await client.request('lease', { stack: key, ports: [{ service, port: 'http' }] });
  return leases[0]?.number ?? 0;
};

const filler = join(folder, 'filler');
function fill(): void {
  for (const size of [1024 * 1024, 4096]) {
    try {
      for (;;) writeFileSync(filler, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // That was the last block.
    }
  }
}

const before = await lease('api');
fill();
const refused = await lease('web').then(
  () => new PortrampError('INTERNAL', 'it was granted'),
  (error: unknown) => error as PortrampError,
);
const onDisk = (JSON.parse(readFileSync(home.ledger, 'utf8')) as Ledger).leases.map(({ number }) => number);
const leftovers = readdirSync(home.root).filter((name) => name.endsWith('.tmp'));
rmSync(filler);
const after = await lease('web');
const kept = await lease('api');
const { code, message, hint } = refused;
await client.request('shutdown', { force: true });
client.close();
console.log(JSON.stringify({ before, refused: { code, message, hint }, onDisk, leftovers, after, kept }));
