/** What a real browser sends, and what the front makes of it: the pages of a stack, and those of another site. */
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';

import { eventually } from '../eventually.ts';
import type { RequestEvent } from '../../src/front/observe.ts';
import type { FrontStack } from '../../src/front/table.ts';
import { createWireEngine } from '../../src/proxy/engine/wire/wire.ts';
import { createScene, live, stackOf, type Scene } from '../process/front/scene.ts';
import { closeHttp, listenOn, portOf } from '../process/proxy/scene.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

if (CHROMIUM === undefined) console.warn('skipped: no Chromium here (apt-get install chromium)');

describe.skipIf(CHROMIUM === undefined)('a page in a browser', () => {
  let browser: Browser;
  let page: Page;
  let scene: Scene;
  let evil: Server;
  let seen: RequestEvent[];

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: CHROMIUM ?? '',
      args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-gpu', '--disable-quic'],
    });
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    seen = [];
    scene = await createScene({ engine: createWireEngine() });
    scene.front.requests.on((event) => seen.push(event));
    page = await browser.newPage();
    evil = createServer((_, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<p>evil</p>'));
    await listenOn(evil, '127.0.0.1', 0);
  });
  afterEach(async () => {
    await page.close();
    await scene.close();
    await closeHttp(evil);
  });

  /** A front end whose pages name themselves to nobody, and an API that takes everything. */
  async function publish(change: (stack: FrontStack) => FrontStack = (stack) => stack): Promise<void> {
    const web = await scene.backend((_, res) =>
      res
        .writeHead(200, { 'content-type': 'text/html', 'referrer-policy': 'no-referrer' })
        .end('<form method="post" action="/login"><button>Log in</button></form>'),
    );
    const backend = createServer((req, res) => {
      res.writeHead(200, {
        'access-control-allow-origin': req.headers.origin ?? '*',
        'access-control-allow-headers': 'x-own',
      });
      res.end('the api');
    });
    new WebSocketServer({ server: backend }).on('connection', (socket) => socket.send('hello'));
    await listenOn(backend, '127.0.0.1', 0);
    closers.push(() => closeHttp(backend));
    scene.front.publish([change(stackOf('shop', { web, api: live(portOf(backend)) }))]);
  }
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  const statusOf = async (path: string, method = 'GET'): Promise<number | undefined> =>
    eventually(() => {
      const event = seen.find((one) => one.path === path && one.method === method);
      expect(event, `${method} ${path}`).toBeDefined();
      return event?.status;
    });
  const at = (host: string, path: string): string => `http://${host}:${scene.port}${path}`;
  const evilUrl = (): string => `http://localhost:${portOf(evil)}/`;

  /** Runs in the page; undefined where the browser kept the answer from it. */
  const fetchText = (url: string, init: RequestInit = {}): Promise<string | undefined> =>
    page.evaluate(
      ([address, options]) =>
        fetch(address, options)
          .then((answer) => answer.text())
          .catch(() => undefined),
      [url, init] as const,
    );
  /** As text: the types of this project know no documents. */
  const addElement = (tag: string, properties: object): Promise<unknown> =>
    page.evaluate(
      `void document.body.append(Object.assign(document.createElement('${tag}'), ${JSON.stringify(properties)}))`,
    );
  const openSocket = (url: string): Promise<string> =>
    page.evaluate(
      (address) =>
        new Promise<string>((resolve) => {
          const socket = new WebSocket(address);
          socket.onmessage = ({ data }) => resolve(String(data));
          socket.onerror = () => resolve('refused');
        }),
      url,
    );

  it('of the stack uses its services, by long and short names, though they are other sites', async () => {
    await publish();
    await page.goto(at('web.localhost', '/'));
    expect(page.url()).toBe(at('web.shop.localhost', '/'));
    for (const host of ['api.shop.localhost', 'api.localhost']) {
      expect(await fetchText(at(host, `/${host}`))).toBe('the api');
      const init = { method: 'PUT', headers: { 'x-own': '1' }, body: 'x' };
      await fetchText(at(host, `/put-${host}`), init);
      expect(await statusOf(`/put-${host}`, 'OPTIONS')).toBe(200);
      expect(await openSocket(at(host, '/socket').replace('http', 'ws'))).toBe('hello');
    }
  });

  it('of the stack that names itself to nobody loads its parts and sends its forms', async () => {
    await publish();
    await page.goto(at('web.shop.localhost', '/'));
    await addElement('img', { src: '/logo.png' });
    expect(await statusOf('/logo.png')).toBe(200);
    await page.getByRole('button').click();
    expect(await statusOf('/login', 'POST')).toBe(200);
  });

  it('of another site reaches nothing', async () => {
    await publish();
    await page.goto(evilUrl());
    const api = 'api.shop.localhost';
    expect(await fetchText(at(api, '/cors'))).toBeUndefined();
    expect(await statusOf('/cors')).toBe(403);
    await fetchText(at(api, '/blind'), { method: 'POST', mode: 'no-cors', body: 'x' });
    expect(await statusOf('/blind', 'POST')).toBe(403);
    await fetchText(at(api, '/hidden'), { mode: 'no-cors', referrerPolicy: 'no-referrer' });
    expect(await statusOf('/hidden')).toBe(403);
    await fetchText(at(api, '/put'), { method: 'PUT', headers: { 'x-own': '1' } });
    expect(await statusOf('/put', 'OPTIONS')).toBe(403);
    expect(seen.some(({ method }) => method === 'PUT')).toBe(false);
    expect(await openSocket(at(api, '/socket').replace('http', 'ws'))).toBe('refused');
    expect(await statusOf('/socket')).toBe(403);
    await addElement('img', { src: at(api, '/image') });
    await addElement('iframe', { src: at(api, '/frame') });
    await addElement('script', { src: at(api, '/script') });
    for (const path of ['/image', '/frame', '/script']) expect(await statusOf(path)).toBe(403);
    await addElement('form', { method: 'post', action: at(api, '/form') });
    await page.evaluate('document.forms[0].submit()');
    expect(await statusOf('/form', 'POST')).toBe(403);
  });

  it('of another site may link to the stack', async () => {
    await publish();
    await page.goto(evilUrl());
    await addElement('a', { href: at('web.shop.localhost', '/link'), textContent: 'go' });
    await page.getByText('go').click();
    expect(await statusOf('/link')).toBe(200);
  });

  it('of another site is let in where the contract says so', async () => {
    const origin = evilUrl().slice(0, -1);
    await publish((stack) => ({
      ...stack,
      routes: stack.routes.map((route) =>
        route.service === 'api' ? { ...route, browser: [origin] } : route,
      ),
    }));
    await page.goto(evilUrl());
    expect(await fetchText(at('api.shop.localhost', '/cors'))).toBe('the api');
    expect(await openSocket(at('api.shop.localhost', '/socket').replace('http', 'ws'))).toBe('hello');
    expect(await fetchText(at('web.shop.localhost', '/web'))).toBeUndefined();
    expect(await statusOf('/web')).toBe(403);
  });
});
