/** A port that does not reach the program behind a script: given through other packages, said where it cannot be. */
import { chmodSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createMachine, type Machine } from '../workspace.ts';

let machine: Machine;
beforeAll(() => {
  machine = createMachine();
});
afterAll(() => machine.close());

/** As Vite does: a flag counts, `PORT` does not. */
const VITE = `const port = process.argv[process.argv.indexOf('--port') + 1];
require('http').createServer((q, s) => s.end('vite')).listen(process.argv.includes('--port') ? port : 0, '127.0.0.1');`;

/** As react-scripts 5 does where package.json has a proxy. */
const REACT_SCRIPTS = `if (process.env.HOST) { console.error('options.allowedHosts[0] should be a non-empty string'); process.exit(1); }
require('http').createServer((q, s) => s.end('react')).listen(process.env.PORT, '127.0.0.1');`;

describe('a dev server behind a script', () => {
  it('of another package has its port as a flag', async () => {
    const shop = machine.workspace(
      'shop',
      `version: 1
workspace: shop
services:
  prefix: { command: npm run dev --prefix client, ready: { http: / } }
  workspace: { command: npm run dev -w client, ready: { http: / } }
  proxied: { command: npm start, dir: proxied, ready: { http: / } }
`,
    );
    shop.write('package.json', '{ "workspaces": ["client"] }');
    shop.write(
      'client/package.json',
      '{ "name": "client", "version": "1.0.0", "scripts": { "dev": "vite" } }',
    );
    shop.write('client/node_modules/.bin/vite', `#!/usr/bin/env node\n${VITE}`);
    chmodSync(`${shop.root}/client/node_modules/.bin/vite`, 0o755);
    shop.write(
      'proxied/package.json',
      '{ "proxy": "http://localhost:1", "scripts": { "start": "react-scripts start" } }',
    );
    shop.write('proxied/node_modules/.bin/react-scripts', `#!/usr/bin/env node\n${REACT_SCRIPTS}`);
    chmodSync(`${shop.root}/proxied/node_modules/.bin/react-scripts`, 0o755);
    expect(await shop.run('check')).toMatchObject({
      code: 0,
      stdout: expect.not.stringContaining('PR032') as string,
    });
    expect(await shop.run('dev', '-d')).toMatchObject({ code: 0 });
    expect(await machine.get('prefix.shop.localhost')).toMatchObject({ body: 'vite' });
    expect(await machine.get('workspace.shop.localhost')).toMatchObject({ body: 'vite' });
    expect(await machine.get('proxied.shop.localhost')).toMatchObject({ body: 'react' });
    await shop.run('down');
  });

  it('that runs others beside it is said by check and by dev, in the same words', async () => {
    const amp = machine.workspace(
      'amp',
      `version: 1
workspace: amp
services:
  web: { command: npx concurrently npm:dev-* , start: manual }
  docs: { command: npx turbo run dev --filter docs, start: manual }
`,
    );
    amp.write('package.json', '{ "scripts": { "dev-web": "vite", "dev-css": "node css.js" } }');
    amp.write('turbo.json', '{ "tasks": { "dev": {} } }');
    const check = await amp.run('check');
    const lines = check.stdout.split('\n').filter((line) => /PR029|PR032/.test(line));
    expect(lines).toHaveLength(2);
    const dev = await amp.run('dev', '-d');
    for (const line of lines) expect(dev.stderr).toContain(line);
  });
});
