/** What an engine tells about each exchange to whoever asks for it, and the path that a decision chooses. */
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Outcome } from '../../../src/proxy/engine/engine.ts';
import { engines } from './engines.ts';
import { ask, createScene, deferred, echo, forwardTo, parse, readAll, type Scene } from './scene.ts';

const HANDSHAKE =
  'GET /chat HTTP/1.1\r\nHost: app.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

describe.each(engines)('$name', ({ create }) => {
  let scene: Scene;
  let outcomes: Outcome[];
  let arrived = deferred();
  beforeEach(async () => {
    scene = await createScene(create());
    outcomes = [];
    arrived = deferred();
    scene.handler = () => ({
      ...forwardTo(scene.target),
      onDone: (outcome: Outcome) => {
        outcomes.push(outcome);
        arrived.resolve();
      },
    });
  });
  afterEach(async () => {
    await scene.close();
  });
  const onlyOutcome = async (): Promise<Outcome | undefined> => {
    await arrived.promise;
    expect(outcomes).toHaveLength(1);
    return outcomes[0];
  };

  it('tells status and size of a response with a length', async () => {
    await scene.backend((_, res) => res.writeHead(201, { 'content-length': 5 }).end('hello'));
    await ask(scene.port);
    expect(await onlyOutcome()).toEqual({ status: 201, bytes: 5, complete: true });
  });

  it('counts a body that comes in pieces', async () => {
    await scene.backend((_, res) => {
      res.writeHead(200, { 'content-length': 300_000 });
      res.write('x'.repeat(100_000));
      setImmediate(() => res.end('x'.repeat(200_000)));
    });
    await ask(scene.port);
    expect(await onlyOutcome()).toEqual({ status: 200, bytes: 300_000, complete: true });
  });

  it('counts a body without the chunks that it comes in', async () => {
    await scene.backend((_, res) => {
      res.write('hello');
      setImmediate(() => res.end(' world'));
    });
    await ask(scene.port);
    expect(await onlyOutcome()).toEqual({ status: 200, bytes: 11, complete: true });
  });

  it('counts no body where there is none', async () => {
    await scene.backend((_, res) => res.writeHead(200, { 'content-length': 5 }).end());
    await ask(scene.port, { method: 'HEAD' });
    expect(await onlyOutcome()).toEqual({ status: 200, bytes: 0, complete: true });
  });

  it('tells of each request on one connection by itself', async () => {
    await scene.backend((req, res) => res.end('y'.repeat(Number(req.url?.slice(1)))));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const length of [3, 70_000, 1]) {
      arrived = deferred();
      const outgoing = request({ port: scene.port, agent, path: `/${length}` });
      outgoing.end();
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      await readAll(response);
      await arrived.promise;
    }
    agent.destroy();
    expect(outcomes.map(({ bytes }) => bytes)).toEqual([3, 70_000, 1]);
  });

  it('tells of an answer of its own', async () => {
    await ask(scene.port);
    const outcome = await onlyOutcome();
    expect(outcome).toMatchObject({ status: 502, complete: true });
    expect(outcome?.bytes).toBeGreaterThan('unreachable: '.length);
  });

  it('tells of a client that left before there was an answer', async () => {
    const asked = deferred();
    await scene.backend(() => asked.resolve());
    const socket = connect(scene.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n');
    await asked.promise;
    socket.destroy();
    expect(await onlyOutcome()).toEqual({ status: undefined, bytes: 0, complete: false });
  });

  it('tells of a body that broke off', async () => {
    await scene.rawBackend((socket) => {
      socket.once('data', () =>
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', () => socket.destroySoon()),
      );
    });
    const client = connect(scene.port, '127.0.0.1');
    client.on('error', () => undefined);
    client.resume().write('GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n');
    expect(await onlyOutcome()).toEqual({ status: 200, bytes: 3, complete: false });
    client.destroy();
  });

  it('tells of a handshake when it is answered', async () => {
    await scene.rawBackend((socket) => {
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
      );
    });
    const client = connect(scene.port, '127.0.0.1');
    client.resume().write(HANDSHAKE);
    expect(await onlyOutcome()).toEqual({ status: 101, bytes: 0, complete: true });
    client.destroy();
    await once(client, 'close');
    expect(outcomes).toHaveLength(1);
  });

  it('tells of a handshake that was refused', async () => {
    await scene.rawBackend((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n'));
    });
    const client = connect(scene.port, '127.0.0.1');
    client.resume().write(HANDSHAKE);
    expect(await onlyOutcome()).toEqual({ status: 401, bytes: 0, complete: true });
    client.destroy();
  });

  it('tells the first decision, once, where the request went elsewhere', async () => {
    await scene.backend((_, res) => res.end('found'));
    const { target } = scene;
    const told = (outcome: Outcome): void => {
      outcomes.push(outcome);
      arrived.resolve();
    };
    const second = { ...forwardTo(target), onDone: () => expect.unreachable() };
    scene.handler = () => ({
      ...forwardTo({ ...target, port: 1 }),
      onDone: told,
      again: () => second,
    });
    expect(await ask(scene.port)).toMatchObject({ status: 200, body: 'found' });
    expect(await onlyOutcome()).toEqual({ status: 200, bytes: 5, complete: true });
  });

  it('tells of an answer of its own after another try', async () => {
    scene.handler = () => ({
      ...forwardTo(scene.target),
      onDone: (outcome: Outcome) => {
        outcomes.push(outcome);
        arrived.resolve();
      },
      again: () => ({ action: 'reply', reply: { status: 503, headers: {}, body: 'later' } }),
    });
    expect(await ask(scene.port)).toMatchObject({ status: 503, body: 'later' });
    expect(await onlyOutcome()).toEqual({ status: 503, bytes: 5, complete: true });
  });

  it('asks for the path that the decision chose', async () => {
    await scene.backend(echo);
    scene.handler = () => ({ ...forwardTo(scene.target), path: '/users?id=1' });
    expect(parse((await ask(scene.port, { path: '/api/users?id=1' })).body).url).toBe('/users?id=1');
  });

  it('shakes hands at the path that the decision chose', async () => {
    const asked = deferred<string>();
    await scene.rawBackend((socket) => {
      socket.once('data', (chunk) => asked.resolve(chunk.toString()));
    });
    scene.handler = () => ({ ...forwardTo(scene.target), path: '/live' });
    const client = connect(scene.port, '127.0.0.1');
    client.resume().write(HANDSHAKE);
    expect(await asked.promise).toMatch(/^GET \/live HTTP\/1\.1\r\n/);
    client.destroy();
  });
});
