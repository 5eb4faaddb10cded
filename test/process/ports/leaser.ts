/** A process that asks for many leases at once: `node leaser.js NAME COUNT`. Prints the numbers it was granted. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { locateHome } from '../../../src/lib/home.ts';
import { connectDaemon } from '../../../src/protocol/client.ts';

const [name = '', count = '0'] = process.argv.slice(2);
const home = locateHome();
const root = join(home.root, '..', name);
mkdirSync(root, { recursive: true });
const client = await connectDaemon({ home, spawn: true, version: '1.0.0' });
const key = { root, environment: 'dev' };
await client.request('claim', { ...key, workspace: 'shop', workspaceId: 'shop', main: false, branch: name });
// Each of them its own request, all under way at the same time.
const answers = await Promise.all(
  Array.from({ length: Number(count) }, (_, index) =>
    client.request('lease', { stack: key, ports: [{ service: `s${index}`, port: 'http' }] }),
  ),
);
client.close();
console.log(JSON.stringify(answers.flatMap(({ leases }) => leases.map(({ number }) => number))));
