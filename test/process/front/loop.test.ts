/** A dev server that proxies to itself through the front, with the real thing. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createServer, type ViteDevServer } from 'vite';

import { createScene, live, NAVIGATION, stackOf, type Scene } from './scene.ts';

let scene: Scene;
let vite: ViteDevServer;

/** Vite with a proxy for `/api` to the front, which keeps the Host header or sets it. */
async function start(headers: Record<string, string>): Promise<void> {
  vite = await createServer({
    configFile: false,
    logLevel: 'silent',
    root: import.meta.dirname,
    optimizeDeps: { noDiscovery: true },
    server: {
      port: 0,
      host: '127.0.0.1',
      watch: null,
      ws: false,
      proxy: { '/api': { target: `http://127.0.0.1:${scene.port}`, headers } },
    },
  });
  await vite.listen();
}

beforeEach(async () => {
  scene = await createScene();
});
afterEach(async () => {
  await vite.close();
  await scene.close();
});

const vitePort = (): number => {
  const address = vite.httpServer?.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

it('is answered with 508 and what to change', async () => {
  await start({});
  scene.front.publish([stackOf('shop', { web: live(vitePort()) })]);
  const { status, body, response } = await scene.ask('web.shop.localhost', { path: '/api/rows' });
  expect(status).toBe(508);
  expect(response.headers['x-portramp']).toBe('loop');
  expect(JSON.parse(body)).toMatchObject({
    error: 'LOOP',
    message: expect.stringContaining('"web.shop.localhost"') as string,
    hint: expect.stringContaining('changeOrigin: true') as string,
  });
  const page = await scene.ask('web.shop.localhost', { path: '/api/rows', headers: NAVIGATION });
  expect(page.status).toBe(508);
  expect(page.body).toContain('changeOrigin: true');
});

it('is no loop when the dev server asks for another host of the front', async () => {
  await start({ host: 'api.shop.localhost' });
  const api = await scene.backend((req, res) => res.end(`${req.url} ${req.headers.via}`));
  scene.front.publish([stackOf('shop', { web: live(vitePort()), api })]);
  const { status, body } = await scene.ask('web.shop.localhost', { path: '/api/rows' });
  expect([status, body]).toEqual([200, '/api/rows 1.1 portramp, 1.1 portramp']);
});
