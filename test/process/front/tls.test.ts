/** TLS towards services, and services that speak it where nobody said so. */
import { createServer, type Server } from 'node:https';
import { createServer as createRawServer } from 'node:net';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { FrontRoute, RouteState } from '../../../src/front/table.ts';
import type { Target } from '../../../src/proxy/engine/engine.ts';
import { engines } from '../proxy/engines.ts';
import { closeHttp, listenOn, portOf } from '../proxy/scene.ts';
import { makeCertificate } from '../certificate.ts';
import { createScene, type Scene } from './scene.ts';

const certificate = makeCertificate();

afterAll(() => certificate?.remove());

/** The type of the record that a TLS client begins with (RFC 8446 §5.1). */
const HANDSHAKE = 22;

describe.skipIf(certificate === undefined).each(engines)(
  'a service that speaks TLS ($name)',
  ({ create }) => {
    let server: Server;
    let scene: Scene;

    beforeAll(async () => {
      const { key, cert } = certificate ?? {};
      server = createServer({ key, cert }, (req, res) => res.end(`secure ${req.method}`));
      await listenOn(server, '127.0.0.1', 0);
    });
    afterAll(() => closeHttp(server));
    beforeEach(async () => {
      scene = await createScene({ engine: create() });
    });
    afterEach(() => scene.close());

    const at = (host: string, target: Partial<Target>, more: Partial<FrontRoute> = {}): FrontRoute => ({
      host,
      service: host.split('.')[0] ?? '',
      port: 'http',
      route: {
        state: 'live',
        targets: [{ protocol: 'https', host: '127.0.0.1', port: portOf(server), ...target }],
      } satisfies RouteState,
      ...more,
    });

    const publish = (...routes: FrontRoute[]): void =>
      scene.front.publish([{ slug: 'shop', key: 'shop', label: 'shop', routes }]);

    it('is believed where nobody checks, or its authority and name fit; nobody else uses the connection', async () => {
      const ca = certificate?.cert;
      publish(
        at('own.localhost', { tls: { verify: false, serverName: 'localhost' } }),
        at('checked.localhost', {}),
        at('trusted.localhost', { tls: { verify: true, ca, serverName: 'localhost' } }),
        at('misnamed.localhost', { tls: { verify: true, ca, serverName: 'example.com' } }),
      );
      expect(await scene.ask('own.localhost')).toMatchObject({ status: 200, body: 'secure GET' });
      expect(await scene.ask('trusted.localhost')).toMatchObject({ status: 200, body: 'secure GET' });
      expect((await scene.ask('checked.localhost')).body).toMatch(/self.signed certificate/);
      const seen = scene.front.sightingOf({ protocol: 'https', host: '127.0.0.1', port: portOf(server) });
      expect(seen?.failed?.message).toMatch(/self.signed certificate/);
      expect((await scene.ask('misnamed.localhost')).body).toMatch(/does not match certificate/);
    });

    it.each([
      ['GET', {}],
      ['POST', { method: 'POST', body: 'x' }],
    ])(
      'is recognised behind a line that says http, at the first %s, and forgotten with the line',
      async (_, first) => {
        const told: (string | undefined)[] = [];
        scene.front.speaksTls.on(({ notice }) => told.push(notice.hint));
        publish(at('api.localhost', { protocol: 'http' }));
        const answer = await scene.ask('api.localhost', first);
        expect(answer.status).toBe(502);
        expect(JSON.parse(answer.body)).toMatchObject({
          error: 'SERVICE_SPEAKS_TLS',
          hint: 'write in portramp.yaml: services.api.ports: { http: { appProtocol: https } }',
        });
        const post = await scene.ask('api.localhost', { method: 'POST', body: 'x' });
        expect(JSON.parse(post.body)).toMatchObject({ error: 'SERVICE_SPEAKS_TLS' });
        expect(told).toHaveLength(1);
        expect(scene.front.knowsTls({ host: '127.0.0.1', port: portOf(server) })).toBe(true);
        publish(at('api.localhost', { tls: { verify: false } }));
        expect(scene.front.knowsTls({ host: '127.0.0.1', port: portOf(server) })).toBe(false);
        expect(await scene.ask('api.localhost')).toMatchObject({ status: 200 });
      },
    );

    it.each([
      ['a line of the head is folded', 'HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 2\r\n\r\nok'],
      ['a size is none', 'HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok'],
      ['a protocol is switched unasked', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
    ])('is not offered to one that answers in HTTP: %s', async (_, answer) => {
      const begins: number[] = [];
      const odd = createRawServer((socket) => {
        socket.on('error', () => undefined);
        socket.on('data', (data) => {
          begins.push(data[0] ?? 0);
          socket.write(answer);
        });
      });
      await listenOn(odd, '127.0.0.1', 0);
      publish(
        at('api.localhost', { protocol: 'http' }, {}),
        at('odd.localhost', { protocol: 'http', port: portOf(odd) }),
      );
      expect((await scene.ask('odd.localhost')).status).toBe(502);
      expect(begins.filter((first) => first === HANDSHAKE)).toEqual([]);
      await new Promise((resolve) => void odd.close(resolve));
    });

    it('is no reason to think so of one that closes without an answer', async () => {
      const silent = await scene.backend((req) => req.socket.destroy());
      scene.front.publish([
        {
          slug: 'shop',
          key: 'shop',
          label: 'shop',
          routes: [{ host: 'api.localhost', service: 'api', port: 'http', route: silent }],
        },
      ]);
      const answer = await scene.ask('api.localhost');
      expect(JSON.parse(answer.body)).toMatchObject({ error: 'SERVICE_UNREACHABLE' });
    });
  },
);
