/** Which requests every engine refuses before anything is forwarded, and what it makes of unusual ones. */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { engines } from './engines.ts';
import { ask, createScene, echo, exchangeRaw, parse, readAll, type Scene } from './scene.ts';

describe.each(engines)('engine $name, requests', ({ create }) => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await createScene(create());
  });
  afterEach(async () => {
    await scene.close();
  });

  describe('refuses before anything is forwarded', () => {
    it.each([
      ['two Host headers', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
      ['two equal Host headers', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n'],
      ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
      ['a Host with a scheme', 'GET / HTTP/1.1\r\nHost: ws://a\r\n\r\n'],
      ['a Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n'],
      ['a Host with credentials', 'GET / HTTP/1.1\r\nHost: a@b\r\n\r\n'],
      ['a Host with a blank in it', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
      [
        'a Host with a scheme in a handshake',
        'GET / HTTP/1.1\r\nHost: ws://a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      ],
      ['an unknown coding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
      ['two codings', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
      [
        'two Transfer-Encoding headers',
        'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ],
      [
        'Transfer-Encoding and Content-Length',
        'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ],
      ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
      ['a coding in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
      ['another host in the target', 'GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n'],
      ['another port in the target', 'GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n'],
      ['another scheme in the target', 'GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n'],
      ['credentials in the target', 'GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n'],
      ['a fragment in the target', 'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n'],
      ['CONNECT', 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n'],
      ['a bare CR in a header', 'GET / HTTP/1.1\r\nHost: a\r\nX: 1\rY: 2\r\n\r\n'],
      ['space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n'],
      [
        'a folded header',
        'GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\nX: y\r\n z\r\n\r\n0\r\n\r\n',
      ],
      ['no HTTP at all', '\u0016\u0003\u0001\u0002\u0000'],
      [
        'two Host headers in a handshake',
        'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      ],
    ])('%s', async (_, text) => {
      await scene.backend(echo);
      const answer = await exchangeRaw(scene.port, text);
      expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*\r\nconnection: close\r\n/i);
      expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
      expect(scene.heads).toEqual([]);
    });

    it('a head that is too large', async () => {
      const answer = await exchangeRaw(
        scene.port,
        `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 431 /);
      expect(scene.heads).toEqual([]);
    });

    it('a head that never ends', async () => {
      await scene.close();
      scene = await createScene(create(400));
      const answer = await exchangeRaw(scene.port, 'GET / HTTP/1.1\r\nHost: a\r\nX: ');
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
      expect(scene.heads).toEqual([]);
    });
  });

  describe('takes', () => {
    it('an absolute-form target that says what Host says', async () => {
      await scene.backend(echo);
      const text =
        'GET http://A.localhost:80?x=1 HTTP/1.1\r\nHost: a.localhost:80\r\nConnection: close\r\n\r\n';
      const answer = await exchangeRaw(scene.port, text);
      expect(answer).toContain('"url":"/?x=1"');
      expect(scene.heads[0]).toMatchObject({ path: '/?x=1', host: 'a.localhost:80' });
    });

    it('a target beyond the grammar, and has it written and decided on as the grammar has it', async () => {
      await scene.backend(echo);
      const text = 'GET /a\\..|{b}?c=^`[] HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
      const path = '/a%5C..%7C%7Bb%7D?c=%5E%60[]';
      expect(await exchangeRaw(scene.port, text)).toContain(`"url":"${path}"`);
      expect(scene.heads[0]).toMatchObject({ path });
    });

    it('OPTIONS *', async () => {
      await scene.backend(echo);
      const answer = await exchangeRaw(
        scene.port,
        'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      );
      expect(answer).toContain('"url":"*"');
    });

    it('a large head', async () => {
      await scene.backend((req, res) => res.end(String(req.headers.cookie?.length)));
      const answer = await ask(scene.port, { headers: { cookie: 'x'.repeat(15_000) } });
      expect(answer.body).toBe('15000');
    });

    it('HTTP/1.0: no chunks, and the end is the end of the connection', async () => {
      await scene.backend((_, res) => {
        res.write('in ');
        res.end('chunks');
      });
      const answer = await exchangeRaw(
        scene.port,
        'GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n',
      );
      expect(answer).toMatch(/\r\n\r\nin chunks$/);
      expect(answer).not.toMatch(/transfer-encoding/i);
    });

    it('HTTP/1.0 without Host: the handler decides', async () => {
      const reply = { status: 400, headers: {}, body: 'which?' };
      scene.handler = () => ({ action: 'reply', reply });
      expect(await exchangeRaw(scene.port, 'GET / HTTP/1.0\r\n\r\n')).toMatch(/which\?$/);
      expect(scene.heads[0]).toMatchObject({ host: '' });
    });

    it('an upgrade to something else as a plain request', async () => {
      await scene.backend(echo);
      const text =
        'POST /h2 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n' +
        'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\nContent-Length: 4\r\n\r\nbody';
      const answer = await exchangeRaw(scene.port, text);
      expect(answer).toContain('"body":"body"');
      expect(answer).not.toContain('h2c');
      expect(scene.heads).toMatchObject([{ method: 'POST', path: '/h2', upgrade: false }]);
    });

    it('Expect: 100-continue, and says so only when it forwards', async () => {
      await scene.backend(echo);
      const outgoing = request({
        port: scene.port,
        method: 'POST',
        headers: { expect: '100-continue' },
        agent: false,
      });
      outgoing.flushHeaders();
      await once(outgoing, 'continue');
      outgoing.end('the body');
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      expect(parse((await readAll(response)).toString())).toMatchObject({ body: 'the body' });

      scene.handler = () => ({ action: 'reply', reply: { status: 404, headers: {}, body: 'no' } });
      const text =
        'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n';
      expect(await exchangeRaw(scene.port, text)).toMatch(/^HTTP\/1\.1 404 /);
    });
  });
});
