import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { PortrampError } from '../../../src/lib/errors.ts';
import { createPeer, type Peer, type PeerOptions } from '../../../src/protocol/peer.ts';

let folder = '';
let server: Server;
const sockets: Socket[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-peer-'));
  server = createServer();
  server.listen(join(folder, 's'));
  await once(server, 'listening');
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  await once(server, 'close');
  rmSync(folder, { recursive: true });
});

/** Two ends of one connection. */
async function connect(): Promise<[near: Socket, far: Socket]> {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const near = createConnection(join(folder, 's'));
  const [far] = await accepted;
  sockets.push(near, far);
  return [near, far];
}

async function connectPeers(near: PeerOptions, far: PeerOptions): Promise<[Peer, Peer]> {
  const [a, b] = await connect();
  return [createPeer(a, near), createPeer(b, far)];
}

/** A promise and the function that resolves it. */
function event<T>(): { seen: Promise<T>; see: (value: T) => void } {
  let see: (value: T) => void = () => undefined;
  const seen = new Promise<T>((resolve) => {
    see = resolve;
  });
  return { seen, see: (value) => see(value) };
}

const echo: PeerOptions = { serve: async (request, params) => ({ request, params }) };

describe('two peers', () => {
  it('ask each other, both ways, many at once', async () => {
    const [near, far] = await connectPeers(echo, echo);
    const answers = await Promise.all([
      ...Array.from({ length: 100 }, (_, index) => near.request(`n${index}`, { text: 'grüße 🎉' })),
      ...Array.from({ length: 100 }, (_, index) => far.request(`f${index}`, index)),
    ]);
    expect(answers[7]).toEqual({ request: 'n7', params: { text: 'grüße 🎉' } });
    expect(answers[107]).toEqual({ request: 'f7', params: 7 });
  });

  it('carry errors with code, message and hint', async () => {
    const [near] = await connectPeers(
      {},
      {
        serve: async (request) => {
          throw request === 'known'
            ? new PortrampError('NO_FREE_PORT', 'none', { hint: 'clean' })
            : new Error('oops');
        },
      },
    );
    await expect(near.request('known', {})).rejects.toMatchObject({
      code: 'NO_FREE_PORT',
      message: 'none',
      hint: 'clean',
    });
    await expect(near.request('other', {})).rejects.toMatchObject({ code: 'INTERNAL', message: 'oops' });
  });

  it('refuse requests that nobody serves', async () => {
    const [near] = await connectPeers({}, {});
    await expect(near.request('anything', {})).rejects.toMatchObject({ code: 'BAD_MESSAGE' });
  });

  it('pass a message of several megabytes', async () => {
    const [near] = await connectPeers({}, echo);
    const text = 'ü'.repeat(3_000_000);
    expect(await near.request('big', text)).toEqual({ request: 'big', params: text });
  });

  it('send notices', async () => {
    const { seen, see } = event<unknown>();
    const [near] = await connectPeers({}, { onNotice: (name, params) => see([name, params]) });
    near.notify('closing', { reason: 'stop' });
    expect(await seen).toEqual(['closing', { reason: 'stop' }]);
  });

  it('reject what is pending when the other end goes, and everything after', async () => {
    const { seen, see } = event<void>();
    const closed = event<string | undefined>();
    const [near, far] = await connectPeers(
      { onClose: closed.see },
      { serve: () => (see(), new Promise(() => undefined)) },
    );
    const pending = near.request('never', {});
    await seen;
    far.destroy();
    await expect(pending).rejects.toMatchObject({ code: 'DAEMON_UNREACHABLE' });
    expect(await closed.seen).toBeUndefined();
    await expect(near.request('late', {})).rejects.toMatchObject({ code: 'DAEMON_UNREACHABLE' });
    expect(near.closed).toBe(true);
  });

  it('reject a request that is late, with the error of the caller', async () => {
    const timers: (() => void)[] = [];
    const clock = {
      now: () => 0,
      wallTime: () => 0,
      after: (_: number, task: () => void) => (timers.push(task), () => undefined),
    };
    const [near] = await connectPeers({ clock }, { serve: () => new Promise(() => undefined) });
    const late = near.request('slow', {}, { lateError: () => new PortrampError('RUNNER_SILENT', 'silent') });
    for (const task of timers) task();
    await expect(late).rejects.toMatchObject({ code: 'RUNNER_SILENT' });
  });
});

describe('a request that is given up', () => {
  const scene = async () => {
    const served: string[] = [];
    const [near, far] = await connect();
    createPeer(far, { serve: async (name) => void served.push(name) });
    return { near, far, served };
  };
  const line = (message: object): string => `${JSON.stringify(message)}\n`;

  it('is not begun with where the withdrawal lies behind it', async () => {
    const { near, served } = await scene();
    near.write(
      line({ id: 1, request: 'first' }) +
        line({ id: 2, request: 'second' }) +
        line({ notice: 'withdraw', params: { id: 1 } }),
    );
    const [answer] = (await once(near, 'data')) as [Buffer];
    expect(String(answer)).toBe(line({ id: 2 }));
    expect(served).toEqual(['second']);
  });

  it('is not begun with where its asker has gone', async () => {
    const { near, far, served } = await scene();
    near.write(line({ id: 1, request: 'first' }));
    near.destroy();
    await once(far, 'close');
    await new Promise(setImmediate);
    expect(served).toEqual([]);
  });

  it.each([
    ['that is late', (): void => undefined],
    ['whose asker aborts', (controller: AbortController): void => controller.abort()],
  ])('%s tells the one who has begun with it', async (_, giveUp) => {
    const timers: (() => void)[] = [];
    const clock = {
      now: () => 0,
      wallTime: () => 0,
      after: (_milliseconds: number, task: () => void) => (timers.push(task), () => undefined),
    };
    const begun = event<void>();
    const ended = event<void>();
    const [near] = await connectPeers(
      { clock },
      {
        serve: async (_name, _params, signal) => {
          signal.addEventListener('abort', () => ended.see());
          begun.see();
          return new Promise(() => undefined);
        },
      },
    );
    const controller = new AbortController();
    const request = near.request('slow', {}, { signal: controller.signal });
    const failing = expect(request).rejects.toMatchObject({ code: 'TIMEOUT' });
    await begun.seen;
    giveUp(controller);
    for (const task of timers) task();
    await failing;
    await ended.seen;
  });

  it.each([undefined, null, 5, {}, { id: 'x' }, { id: 77 }])(
    'is another one than a withdrawal of %j names',
    async (params) => {
      const { near, served } = await scene();
      near.write(line({ id: 1, request: 'first' }) + line({ notice: 'withdraw', params }));
      await once(near, 'data');
      expect(served).toEqual(['first']);
    },
  );
});

describe('a peer that gets rubbish', () => {
  it.each(['no JSON', '[1]', '5', 'null', '"text"', '{"id": 1', '\u0000\u0001'])(
    'answers %j with BAD_MESSAGE and hangs up',
    async (line) => {
      const [near, far] = await connect();
      createPeer(far, echo);
      near.write(`${line}\n`);
      const chunks: Buffer[] = [];
      for await (const chunk of near) chunks.push(chunk as Buffer);
      expect(JSON.parse(Buffer.concat(chunks).toString())).toMatchObject({ error: { code: 'BAD_MESSAGE' } });
    },
  );

  it.each(['{}', '{"id": 1}', '{"id": "1", "request": "x"}', '{"request": 5, "id": 2}', '{"notice": {}}'])(
    'answers the object %s with BAD_MESSAGE and goes on',
    async (line) => {
      const [near, far] = await connect();
      createPeer(far, echo);
      near.write(`${line}\n`);
      const [first] = (await once(near, 'data')) as [Buffer];
      expect(JSON.parse(first.toString())).toMatchObject({ error: { code: 'BAD_MESSAGE' } });
      near.write('{"id": 3, "request": "still there"}\n');
      const [second] = (await once(near, 'data')) as [Buffer];
      expect(JSON.parse(second.toString())).toMatchObject({ id: 3, result: { request: 'still there' } });
    },
  );

  it('ignores answers to nothing and errors without an id', async () => {
    const [near, far] = await connect();
    createPeer(far, echo);
    near.write(
      '{"id": 99, "result": {}}\n{"id": null, "error": {"code": "BAD_MESSAGE"}}\n\n{"id":1,"request":"x"}\n',
    );
    const [data] = (await once(near, 'data')) as [Buffer];
    expect(JSON.parse(data.toString())).toEqual({ id: 1, result: { request: 'x' } });
  });

  it('hangs up on a line without an end', async () => {
    const [near, far] = await connect();
    const { seen, see } = event<string | undefined>();
    createPeer(far, { ...echo, onClose: see });
    near.on('error', () => undefined);
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    for (let sent = 0; sent < 17; sent += 1) near.write(chunk);
    expect(await seen).toBe('its line is too long');
  });
});

describe('a peer whose other end does not read', () => {
  it('gives up on it when a mebibyte is unsent', async () => {
    const [near, far] = await connect();
    const { seen, see } = event<string | undefined>();
    const peer = createPeer(far, { onClose: see });
    near.pause();
    const text = 'x'.repeat(100_000);
    let sent = 0;
    while (!peer.closed && sent < 100) {
      peer.notify('stack', text);
      sent += 1;
    }
    expect(await seen).toBe('it does not read what it is sent');
    expect(sent).toBeGreaterThan(10);
    expect(sent).toBeLessThan(20);
  });
});
