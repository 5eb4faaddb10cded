/** The demo in a real browser: rows from the database, and hot reload through the front. */
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createMachine, openWorkspace, type Machine, type Workspace } from '../process/workspace.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const REPOSITORY = resolve(import.meta.dirname, '../..');

let machine: Machine;
let shop: Workspace;
let browser: Browser | undefined;
let page: Page;
let url: string;

if (CHROMIUM === undefined) console.warn('skipped: no Chromium here (apt-get install chromium)');

describe.skipIf(CHROMIUM === undefined)('the demo in a browser', () => {
  beforeAll(async () => {
    machine = createMachine();
    // A copy, since a component of it is edited; its packages are the repository's.
    const root = machine.folder('shop');
    cpSync(join(REPOSITORY, 'fixtures/shop'), root, {
      recursive: true,
      filter: (path) => !/[\\/](node_modules|\.data)$/.test(path),
    });
    symlinkSync(join(REPOSITORY, 'node_modules'), join(dirname(root), 'node_modules'));
    shop = openWorkspace(machine, root);
    const { code, stderr } = await shop.run('dev', '-d');
    expect(code, stderr).toBe(0);
    url = (await shop.run('url', 'web')).stdout.trim();
    browser = await chromium.launch({
      executablePath: CHROMIUM ?? '',
      args: [
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    page = await browser.newPage();
  });

  afterAll(async () => {
    await browser?.close();
    await machine.close();
  });

  it('shows rows that came through web, api and db', async () => {
    await page.goto(url);
    await page.locator('article').nth(5).waitFor();
    expect(await page.locator('h2').allTextContents()).toContain('Ultramarine');
    expect(await page.locator('footer').innerText()).toContain('shop');
  });

  it('gets an edit of a component without a reload, over a WebSocket of the front', async () => {
    const sockets: string[] = [];
    page.on('websocket', (socket) => sockets.push(socket.url()));
    await page.goto(url);
    await page.locator('article').nth(5).waitFor();
    await page.locator('article button').first().click();
    await page.evaluate(() => Object.assign(globalThis, { stillHere: true }));
    const file = join(shop.root, 'apps/web/src/App.jsx');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, before.replace('<h1>Pigments</h1>', '<h1>Pigments, edited</h1>'));
    await page.getByText('Pigments, edited').waitFor();
    expect(await page.evaluate(() => 'stillHere' in globalThis)).toBe(true);
    expect(await page.locator('.basket b').innerText()).toBe('1');
    // Vite's client falls back to the target port when the proxied socket fails: then this URL would be another.
    expect(sockets.map((socket) => new URL(socket).host)).toEqual([new URL(url).host]);
  });

  it('is sent from the short name to the long one', async () => {
    const short = new URL('/?from=short', url);
    short.hostname = 'web.localhost';
    await page.goto(short.href);
    expect(page.url()).toBe(new URL('/?from=short', url).href);
  });
});
