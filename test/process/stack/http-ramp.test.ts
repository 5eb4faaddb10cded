/** What an HTTP ramp does with answers that come early, and with an instance that starts itself anew. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';

import { listen } from '../../../src/proxy/listener.ts';
import { createTraffic } from '../../../src/proxy/traffic.ts';
import { createGate } from '../../../src/stack/ramp/gate.ts';
import { createHttpRelay } from '../../../src/stack/ramp/http.ts';
import { eventually } from '../../eventually.ts';
import { createManualClock, type ManualClock } from '../../unit/manual-clock.ts';
import { engines } from '../proxy/engines.ts';
import { exchangeRaw } from '../proxy/scene.ts';

const LINES = ['rebuilding', 'still rebuilding'];

/** An instance that speaks for itself. */
async function startInstance(port: number, onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    onConnection(socket.on('error', () => undefined));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

const answer = (socket: Socket): void => {
  socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
};

describe.each(engines)('a ramp with the engine $name', ({ create }) => {
  async function startRamp(target: number): Promise<{ port: number; clock: ManualClock }> {
    const clock = createManualClock();
    const gate = createGate({ clock, traffic: createTraffic(clock), onWait: () => undefined });
    const relay = createHttpRelay(gate, { engine: create(), clock, service: 'api', lines: () => LINES });
    const listener = await listen(0, (socket) => relay.accept(socket));
    gate.set({ targets: [{ host: '127.0.0.1', port: target }], holds: true });
    onTestFinished(async () => {
      gate.set({ targets: [], holds: false });
      await listener.close();
      await relay.close();
    });
    return { port: listener.port, clock };
  }

  it('passes on the answer of a service that does not read the upload to its end', async () => {
    const instance = await startInstance(0, (socket) => {
      socket.once('data', () => {
        socket.pause().end('HTTP/1.1 413 No\r\nContent-Length: 4\r\n\r\nlast', () => socket.destroy());
      });
    });
    const { port } = await startRamp(portOf(instance));
    const size = 24 * 1024 * 1024;
    for (let round = 0; round < 5; round += 1) {
      const socket = connect({ port, host: '127.0.0.1' }).on('error', () => undefined);
      socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
      socket.write(Buffer.alloc(size));
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString('latin1')));
      await once(socket, 'close');
      expect(text).toMatch(/^HTTP\/1\.1 413 No\r\n[^]*\r\n\r\nlast$/);
    }
  });

  /** A request without a body, and what is done with it meanwhile. */
  async function askWhile(port: number, pass: () => Promise<void>, method = 'GET'): Promise<string> {
    let text: string | undefined;
    const body = method === 'GET' ? '' : 'Content-Length: 1\r\n';
    const rest = method === 'GET' ? '' : 'x';
    void exchangeRaw(port, `${method} / HTTP/1.1\r\nHost: a\r\n${body}Connection: close\r\n\r\n${rest}`).then(
      (received) => (text = received),
    );
    await eventually(async () => {
      await pass();
      expect(text).toBeDefined();
    });
    return text ?? '';
  }

  /** A ramp to a port that is gone: held until the ramp has one, which would else be given the same number. */
  async function startRampToNobody(): Promise<{ port: number; clock: ManualClock; target: number }> {
    const server = await startInstance(0, () => undefined);
    const target = portOf(server);
    const ramp = await startRamp(target);
    server.close();
    await once(server, 'close');
    return { ...ramp, target };
  }

  it.each(['GET', 'POST'])('waits 10 s for a port that is gone, then says so: %s', async (method) => {
    const { port, clock } = await startRampToNobody();
    const before = clock.now();
    const text = await askWhile(port, () => clock.advance(1_000), method);
    expect(clock.now() - before).toBeGreaterThanOrEqual(10_000);
    const [head = '', body = ''] = text.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 503 /);
    expect(head).toMatch(/^retry-after: 1\r?$/im);
    expect(JSON.parse(body)).toMatchObject({ error: 'SERVICE_SILENT', log: LINES });
  });

  it('passes on what waited when the port is back', async () => {
    const { port, clock, target } = await startRampToNobody();
    let rounds = 0;
    const text = await askWhile(port, async () => {
      await clock.advance(100);
      rounds += 1;
      if (rounds === 5) await startInstance(target, answer);
    });
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  it('makes no request again of which something was sent, and that may do harm twice', async () => {
    let asked = 0;
    const instance = await startInstance(0, (socket) => {
      socket.once('data', () => {
        asked += 1;
        socket.destroy();
      });
    });
    const { port, clock } = await startRamp(portOf(instance));
    const text = await askWhile(port, () => clock.advance(100), 'POST');
    expect(text).toMatch(/^HTTP\/1\.1 502 /);
    expect(asked).toBe(1);
  });
});
