/** What a look at a page takes for an answer, from servers of all manners. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';

import { readStatus } from '../../../src/stack/http-status.ts';
import { answerAt, probeHttp, probeTcp } from '../../../src/stack/probe.ts';

describe('the first bytes of an answer', () => {
  it.each([
    ['HTTP/1.1 200 OK\r\n', 200],
    ['HTTP/1.0 404 Not Found\r\nA: b\r\n', 404],
    // No reason phrase, with and without the space before it; bare line feeds.
    ['HTTP/1.1 204 \r\n', 204],
    ['HTTP/1.1 204\r\n', 204],
    ['HTTP/1.1 301\n', 301],
    ['HTTP/1.1 101 Switching Protocols\r\n', 101],
    ['HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\n', 200],
    ['HTTP/1.1 100 Continue\n\nHTTP/1.1 500 Oh\n', 500],
    ['HTTP/1.1 100 Continue\r\n\r\n', undefined],
    ['HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n', undefined],
    ['HTTP/1.1 200 O', undefined],
    ['HT', undefined],
    ['', undefined],
  ])('%j have the status %j', (text, status) => expect(readStatus(text)).toBe(status));

  it.each([
    'SSH-2.0-OpenSSH_9.2\r\n',
    'NOHTTP',
    'HTTP/1.1 2000 OK\r\n',
    'HTTP/2 200\r\n',
    'HTTP/1.1 abc\r\n',
    '\n',
  ])('%j are no answer', (text) => expect(() => readStatus(text)).toThrow('it answers, but not in HTTP'));
});

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
});

/** A server on loopback that does this to each connection. */
async function serve(serveOne: (socket: Socket) => void, host = '127.0.0.1'): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    serveOne(socket);
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, host, done));
  return (server.address() as AddressInfo).port;
}

const look = (port: number, path = '/healthz', timeout = 20_000, signal = new AbortController().signal) =>
  probeHttp({ port, scheme: 'http' }, path, timeout, signal);

describe('a look at a page', () => {
  const answering = (text: string) => (socket: Socket) => void socket.write(text);

  it.each([
    ['200 OK', undefined],
    ['302 Found', undefined],
    ['399 Odd', undefined],
    ['404 Not Found', 'answered with 404'],
    ['101 Switching Protocols', 'answered with 101'],
    ['503 Oh', 'answered with 503'],
  ])('that is answered with %s finds %j, though the connection stays open', async (status, problem) => {
    expect(await look(await serve(answering(`HTTP/1.1 ${status}\r\n`)))).toBe(problem);
  });

  it('asks as HTTP/1.1 wants it, once, and leaves', async () => {
    let asked = '';
    let left = (): void => undefined;
    const gone = new Promise<void>((done) => (left = done));
    const port = await serve((socket) => {
      socket.on('data', (bytes: Buffer) => {
        asked += bytes.toString();
        if (asked.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
      });
      socket.once('close', left);
    });
    expect(await look(port, '/a b?c=d')).toBeUndefined();
    await gone;
    expect(asked).toBe(`GET /a%20b?c=d HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
  });

  it('finds a server of the other family', async () => {
    expect(await look(await serve(answering('HTTP/1.1 200 OK\r\n\r\n'), '::1'))).toBeUndefined();
  });

  it('takes an answer in crumbs', async () => {
    const port = await serve((socket) => {
      const text = 'HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 204 No Content\r\n';
      let at = 0;
      const next = (): void =>
        void (at < text.length && socket.write(text[at++] ?? '', () => setImmediate(next)));
      next();
    });
    expect(await look(port)).toBeUndefined();
  });

  it.each<[string, (socket: Socket) => void, string]>([
    ['closes at once', (socket) => socket.end(), 'it closed the connection without an answer'],
    [
      'closes within a line',
      (socket) => socket.end('HTTP/1.1 2'),
      'it closed the connection without an answer',
    ],
    ['speaks something else', answering('220 mail ESMTP\r\n'), 'it answers, but not in HTTP'],
    [
      'never comes to the point',
      answering('HTTP/1.1 100 Continue\r\n\r\n'.repeat(4_000)),
      'its answer does not come to an end',
    ],
  ])('of what %s says so', async (_, serveOne, problem) => {
    // Both families are asked; the server is on the first.
    expect(await look(await serve(serveOne))).toBe(problem);
  });

  it('that nobody answers ends by its time, also where bytes trickle', async () => {
    const silent = await serve(() => undefined);
    expect(await look(silent, '/', 50)).toBe('no answer within 50 ms');
    const trickling = await serve((socket) => {
      const timer = setInterval(() => socket.write('H'), 10);
      socket.once('close', () => clearInterval(timer));
      socket.write('HTTP/1.1 ');
    });
    expect(await look(trickling, '/', 100)).toBe('no answer within 100 ms');
  });

  it('that nobody wants any more ends, and nobody else is asked', async () => {
    const abort = new AbortController();
    const port = await serve(() => abort.abort());
    const asked: string[] = [];
    const other = createServer((socket) => {
      asked.push('the other family');
      sockets.add(socket);
    });
    servers.push(other);
    await new Promise<void>((done) => other.listen(port, '::1', done));
    expect(await look(port, '/', 20_000, abort.signal)).toBe('given up');
    expect(await look(port, '/', 20_000, abort.signal)).toBe('given up');
    expect(await probeTcp(port, 20_000, abort.signal)).toBe('given up');
    // A connection that was begun before this one would have come by now.
    await new Promise<void>((done) => connect({ port, host: '::1' }, done).on('close', done).destroy());
    expect(asked.length).toBeLessThanOrEqual(1);
  });

  it('reads the beginning of a page for no longer than it may take', async () => {
    const trickling = await serve((socket) => {
      const timer = setInterval(() => socket.write('.'), 50);
      socket.once('close', () => clearInterval(timer));
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
    });
    const answer = answerAt({ port: trickling, scheme: 'http' }, '/', 100, new AbortController().signal);
    expect(await answer).toEqual({ problem: 'no answer within 100 ms' });
  });
});
