/** What every engine makes of a decision's `again`, `onEnd` and `until`. */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Decision, Forward, Target } from '../../../src/proxy/engine/engine.ts';
import { engines } from './engines.ts';
import { ask, createScene, deferred, exchangeRaw, forwardTo, parse, echo, type Scene } from './scene.ts';

const NOBODY: Target = { protocol: 'http', host: '127.0.0.1', port: 1 };

const HANDSHAKE =
  'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

describe.each(engines)('engine $name, passages', ({ create }) => {
  let scene: Scene;
  /** What happened, in order: `begin`, `again` and `end`, each with the number of the decision. */
  let story: string[];
  let count: number;
  /** Fulfilled when as many have ended as have begun. */
  let over: () => void;
  beforeEach(async () => {
    scene = await createScene(create());
    story = [];
    count = 0;
    over = () => undefined;
  });
  afterEach(async () => {
    await scene.close();
    const numbersOf = (what: string): string[] =>
      story
        .filter((entry) => entry.startsWith(what))
        .map((entry) => entry.replace(/\D/g, ''))
        .sort();
    expect(numbersOf('end')).toEqual(numbersOf('begin'));
  });

  /** A decision whose story is told. */
  function pass(target: Target, more: Partial<Forward> = {}): Forward {
    const number = (count += 1);
    story.push(`begin ${number}`);
    const { again } = more;
    return {
      ...(forwardTo(target) as Forward),
      ...more,
      onEnd: () => {
        story.push(`end ${number}`);
        over();
      },
      ...(again === undefined
        ? {}
        : {
            again: (error, fate) => {
              story.push(`again ${number}`);
              return again(error, fate);
            },
          }),
    };
  }

  const nextEnd = (): Promise<void> =>
    new Promise((resolve) => {
      over = resolve;
    });

  describe('makes a request again', () => {
    it.each(['at once', 'later'])('that nobody took, with its body, as is decided %s', async (when) => {
      await scene.backend(echo);
      const { target } = scene;
      scene.handler = () =>
        pass(NOBODY, {
          headers: { 'x-try': '1' },
          again: async () => {
            if (when === 'later') await new Promise(setImmediate);
            return pass(target, { headers: { 'x-again': '2' } });
          },
        });
      const body = 'b'.repeat(30_000);
      const ended = nextEnd();
      const answer = await ask(scene.port, { method: 'POST', path: '/a', headers: { 'x-own': 'yes' }, body });
      expect(answer.status).toBe(200);
      const seen = parse(answer.body);
      expect(seen).toMatchObject({ method: 'POST', url: '/a', body });
      expect(seen.headers).toMatchObject({ 'x-own': 'yes', 'x-again': '2' });
      expect(seen.headers).not.toHaveProperty('x-try');
      await ended;
      expect(story.slice(0, 4)).toEqual(['begin 1', 'end 1', 'again 1', 'begin 2']);
    });

    it('whose backend left without a word, where that is safe', async () => {
      await scene.rawBackend((socket) => socket.once('data', () => socket.destroy()));
      const mute = scene.target;
      await scene.backend(echo);
      const { target } = scene;
      scene.handler = () => pass(mute, { again: () => pass(target) });
      expect(await ask(scene.port)).toMatchObject({ status: 200 });
      expect(await ask(scene.port, { method: 'POST', body: 'x' })).toMatchObject({ status: 502 });
      expect(await ask(scene.port, { method: 'PUT', body: 'x' })).toMatchObject({ status: 502 });
      expect(story.filter((entry) => entry.startsWith('again'))).toEqual(['again 1']);
    });

    it('not when a part of an answer has come', async () => {
      await scene.rawBackend((socket) =>
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart')),
      );
      scene.handler = () => pass(scene.target, { again: () => pass(NOBODY) });
      expect(await exchangeRaw(scene.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toMatch(/part$/);
      expect(story).not.toContain('again 1');
    });

    it('and again, until the handler answers itself', async () => {
      const reply = { status: 503, headers: {}, body: 'enough' };
      const attempt = (left: number): Decision =>
        left === 0 ? { action: 'reply', reply } : pass(NOBODY, { again: () => attempt(left - 1) });
      scene.handler = () => attempt(3);
      expect(await ask(scene.port)).toMatchObject({ status: 503, body: 'enough' });
      expect(story.filter((entry) => entry.startsWith('again'))).toHaveLength(3);
    });

    it('for a handshake', async () => {
      const backend = await scene.backend(() => undefined);
      backend.on('upgrade', (_req, socket: Socket) =>
        socket.end('HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello'),
      );
      const { target } = scene;
      scene.handler = () => pass(NOBODY, { again: () => pass(target) });
      expect(await exchangeRaw(scene.port, HANDSHAKE)).toMatch(/^HTTP\/1\.1 101 [^]*hello$/);
    });

    it('for nobody who has left meanwhile, and the decision is ended', async () => {
      const asked = deferred<AbortSignal>();
      scene.handler = async (_, signal) => {
        await new Promise(setImmediate);
        return pass(NOBODY, {
          again: async () => {
            asked.resolve(signal);
            if (!signal.aborted) await once(signal, 'abort');
            return pass(NOBODY);
          },
        });
      };
      const outgoing = request({ port: scene.port, agent: false }).end();
      outgoing.on('error', () => undefined);
      await asked.promise;
      const ended = nextEnd();
      outgoing.destroy();
      await ended;
      expect(story).toEqual(['begin 1', 'end 1', 'again 1', 'begin 2', 'end 2']);
    });
  });

  describe('tells of the end', () => {
    it('of each request on a kept connection', async () => {
      await scene.backend((_, res) => res.end('ok'));
      scene.handler = () => pass(scene.target);
      const head = (more = ''): string => `GET / HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
      await exchangeRaw(scene.port, head() + head() + head('Connection: close\r\n'));
      // An engine may ask for the next one while the last is answered.
      expect(story.toSorted()).toEqual(['begin 1', 'begin 2', 'begin 3', 'end 1', 'end 2', 'end 3']);
    });

    it('when the client leaves', async () => {
      const asked = deferred();
      await scene.backend(() => asked.resolve());
      scene.handler = () => pass(scene.target);
      const outgoing = request({ port: scene.port, agent: false }).end();
      outgoing.on('error', () => undefined);
      await asked.promise;
      const ended = nextEnd();
      outgoing.destroy();
      await ended;
    });

    it.each(['', 'Upgrade'])('of what was decided for a client that had left (%s)', async (upgrade) => {
      const asked = deferred();
      scene.handler = async (_, signal) => {
        asked.resolve();
        if (!signal.aborted) await once(signal, 'abort');
        return pass(NOBODY);
      };
      const client = connect({ port: scene.port });
      client.write(upgrade === '' ? 'GET / HTTP/1.1\r\nHost: a\r\n\r\n' : HANDSHAKE);
      await asked.promise;
      const ended = nextEnd();
      client.destroy();
      await ended;
    });
  });

  describe('cuts off what has to be over', () => {
    it('with an answer under way, which is then no whole one', async () => {
      const until = new AbortController();
      await scene.backend((_, res) => res.write('part'));
      scene.handler = () => pass(scene.target, { until: until.signal });
      const outgoing = request({ port: scene.port, agent: false }).end();
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      await once(response, 'data');
      const [ended, failed] = [nextEnd(), once(response, 'error')];
      until.abort();
      expect(((await failed) as [Error])[0].message).toBe('aborted');
      await ended;
    });

    it('before there is an answer', async () => {
      const until = new AbortController();
      const asked = deferred();
      await scene.backend(() => asked.resolve());
      scene.handler = () => pass(scene.target, { until: until.signal });
      const outgoing = request({ port: scene.port, agent: false }).end();
      const failed = once(outgoing, 'error');
      await asked.promise;
      const ended = nextEnd();
      until.abort();
      await Promise.all([failed, ended]);
    });
  });
});
