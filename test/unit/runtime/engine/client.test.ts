import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createEngineClient } from '../../../../src/runtime/engine/client.ts';
import { containersOf } from '../../../../src/runtime/engine/containers.ts';
import { findEndpoint } from '../../../../src/runtime/engine/endpoint.ts';
import { followEvents, parseEvent, type ContainerEvent } from '../../../../src/runtime/engine/events.ts';
import { followLog, toSeconds } from '../../../../src/runtime/engine/logs.ts';
import { eventually } from '../../../eventually.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-engine-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Something that listens where an engine would, for as long as the task takes. */
async function withEngine(handler: Handler, task: (environment: { DOCKER_HOST: string }) => Promise<void>) {
  const path = join(folder, 'engine.sock');
  const server = http.createServer(handler);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    await task({ DOCKER_HOST: `unix://${path}` });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('where the engine is', () => {
  it.each([
    [{ DOCKER_HOST: 'unix:///x/d.sock' }, 'docker', { kind: 'socket', path: '/x/d.sock' }],
    [{ DOCKER_HOST: 'tcp://127.0.0.1:2375' }, 'docker', { kind: 'tcp', host: '127.0.0.1', port: 2375 }],
    [{ DOCKER_HOST: 'tcp://[::1]' }, 'docker', { kind: 'tcp', host: '::1', port: 2375 }],
    [
      { DOCKER_HOST: 'tcp://a:2376', DOCKER_TLS_VERIFY: '1' },
      'docker',
      { kind: 'program', name: 'tcp://a:2376' },
    ],
    [{ DOCKER_HOST: 'ssh://me@there' }, 'docker', { kind: 'program', name: 'ssh://me@there' }],
    [{ DOCKER_HOST: 'npipe:////./pipe/x' }, 'docker', { kind: 'socket', path: String.raw`\\.\pipe\x` }],
  ])('%j: %s', async (environment, program, expected) => {
    expect(await findEndpoint(environment, program)).toEqual(expected);
  });

  it('is that of the chosen context', async () => {
    const name = 'desktop';
    const meta = join(folder, 'contexts/meta', createHash('sha256').update(name).digest('hex'));
    mkdirSync(meta, { recursive: true });
    const text = JSON.stringify({ Name: name, Endpoints: { docker: { Host: 'unix:///x/desktop.sock' } } });
    writeFileSync(join(meta, 'meta.json'), text);
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ currentContext: name }));
    const expected = { kind: 'socket', path: '/x/desktop.sock' };
    expect(await findEndpoint({ DOCKER_CONFIG: folder }, 'docker')).toEqual(expected);
    expect(await findEndpoint({ DOCKER_CONFIG: folder, DOCKER_CONTEXT: 'default' }, 'docker')).not.toEqual(
      expected,
    );
  });
});

describe('an engine that cannot be asked', () => {
  it('says where and why', async () => {
    const environment = { DOCKER_HOST: `unix://${join(folder, 'nobody')}` };
    await expect(createEngineClient(environment, 'docker').get('/info')).rejects.toMatchObject({
      code: 'ENGINE_UNREACHABLE',
      message: `the container engine does not answer at ${join(folder, 'nobody')}: there is no such socket`,
      hint: 'start Docker (or Podman), and see "docker info"',
    });
  });

  it('breaks off in the middle, refuses, or answers oddly: each is said, and none hangs', async () => {
    const answers: Record<string, Handler> = {
      '/half': (_, response) => {
        response.writeHead(200, { 'Content-Length': 100 });
        response.write('[');
        setImmediate(() => response.destroy());
      },
      '/refused': (_, response) => response.writeHead(500).end('{"message":"out of order"}'),
      '/gone': (_, response) => response.writeHead(404).end('{"message":"no such container"}'),
      '/containers/json': (_, response) => response.end('[{"Id":5}]'),
    };
    await withEngine(
      (request, response) => answers[request.url?.split('?')[0] ?? '']?.(request, response),
      async (environment) => {
        const engine = createEngineClient(environment, 'docker');
        await expect(engine.get('/half')).rejects.toThrow('the container engine broke off');
        await expect(engine.get('/refused')).rejects.toThrow('the container engine says: out of order');
        expect(await engine.get('/gone')).toBeUndefined();
        expect(await engine.send('DELETE', '/gone')).toBe('no such container');
        await expect(containersOf(engine, 'x')).rejects.toThrow('the container engine answers oddly');
      },
    );
  });

  it('is reached through docker where only docker knows the way', async () => {
    await withEngine(
      (_, response) => response.end('{"far":true}'),
      async ({ DOCKER_HOST }) => {
        const program = join(folder, 'docker');
        const socket = DOCKER_HOST.slice('unix://'.length);
        const script = `const s = require("net").connect("${socket}"); process.stdin.pipe(s).pipe(process.stdout);`;
        writeFileSync(program, `#!/bin/sh\nexec ${process.execPath} -e '${script}'\n`);
        chmodSync(program, 0o755);
        const environment = { DOCKER_HOST: 'ssh://far', PATH: `${folder}:${process.env['PATH'] ?? ''}` };
        expect(await createEngineClient(environment, 'docker').get('/info')).toEqual({ far: true });
        writeFileSync(program, '#!/bin/sh\nexit 1\n');
        const failing = createEngineClient(environment, 'docker').get('/info');
        await expect(failing).rejects.toThrow('the container engine does not answer at ssh://far');
      },
    );
  });
});

describe('events', () => {
  it('are asked for by what they can change, and end with the engine', async () => {
    let asked: unknown;
    const seen: ContainerEvent[] = [];
    const told: string[] = [];
    await withEngine(
      (request, response) => {
        asked = JSON.parse(new URL(request.url ?? '', 'http://x').searchParams.get('filters') ?? '');
        response.write('{"Action":"health_status: healthy","Actor":{"ID":"a"}}\nnot an event\n');
        response.write('{"Action":"kill","Actor":{"ID":"a","Attributes":{"signal":"15"}}}\n');
      },
      async (environment) => {
        followEvents(createEngineClient(environment, 'docker'), 'shop', {
          onOpen: () => told.push('open'),
          onEvent: (event) => seen.push(event),
          onEnd: () => told.push('end'),
        });
        await eventually(() => expect(seen).toHaveLength(2));
      },
    );
    await eventually(() => expect(told).toEqual(['open', 'end']));
    expect(seen).toEqual([
      { action: 'health_status', id: 'a', signal: undefined },
      { action: 'kill', id: 'a', signal: '15' },
    ]);
    expect(asked).toMatchObject({ type: ['container'], label: ['com.docker.compose.project=shop'] });
    expect((asked as { event: string[] }).event.filter((name) => name.startsWith('exec'))).toEqual([]);
  });

  it('of networks are told by the container that they are about, and who cannot tell them tells all else', async () => {
    for (const tellsNetworks of [true, false]) {
      const told: string[] = [];
      await withEngine(
        (request, response) => {
          const filters = new URL(request.url ?? '', 'http://x').searchParams.get('filters') ?? '';
          const isNetwork = filters.includes('"network"');
          if (isNetwork && !tellsNetworks) response.writeHead(400).end('{"message":"no such filter"}');
          else if (isNetwork)
            response.write(
              '{"Type":"network","Action":"disconnect","Actor":{"ID":"n","Attributes":{"container":"a","name":"shop_default"}}}\n{"Action":"connect","Actor":{"ID":"n"}}\n',
            );
          else response.write('{"Action":"start","Actor":{"ID":"a"}}\n');
        },
        async (environment) => {
          const stream = followEvents(createEngineClient(environment, 'docker'), 'shop', {
            onOpen: () => undefined,
            onEvent: ({ action, id }) => told.push(`${action} ${id}`),
            onNetwork: (id) => told.push(`network ${id}`),
            onEnd: () => told.push('end'),
          });
          const expected = tellsNetworks ? ['network a', 'start a'] : ['start a'];
          await eventually(() => expect(told.toSorted()).toEqual(expected));
          stream.close();
        },
      );
    }
  });

  it('tells nothing after it was closed, nor from a line that is none', async () => {
    expect(parseEvent('')).toBeUndefined();
    expect(parseEvent('{}')).toBeUndefined();
    expect(parseEvent('{"status":"die","id":"b"}')).toEqual({ action: 'die', id: 'b', signal: undefined });
    const told: string[] = [];
    await withEngine(
      (_, response) => response.flushHeaders(),
      async (environment) => {
        const stream = followEvents(createEngineClient(environment, 'docker'), 'shop', {
          onOpen: () => told.push('open'),
          onEvent: () => told.push('event'),
          onEnd: () => told.push('end'),
        });
        await eventually(() => expect(told).toEqual(['open']));
        stream.close();
      },
    );
    expect(told).toEqual(['open']);
  });
});

describe('a log', () => {
  const frame = (kind: number, text: string): Buffer => {
    const header = Buffer.alloc(8);
    header[0] = kind;
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
  };

  it.each([
    [
      false,
      [
        ['stdout', 'one\n'],
        ['stderr', 'two\n'],
        ['stdout', ''],
      ] as const,
    ],
    [true, undefined],
  ])('is taken apart wherever its pieces are cut (terminal: %s)', async (hasTerminal, expected) => {
    const bytes = Buffer.concat([frame(1, 'one\n'), frame(2, 'two\n'), frame(1, '')]);
    await withEngine(
      (_, response) => {
        for (const byte of bytes) response.write(Buffer.from([byte]));
        response.end();
      },
      async (environment) => {
        const pieces: [string, string][] = [];
        const options = { id: 'a', since: '', hasTerminal };
        const engine = createEngineClient(environment, 'docker');
        await followLog(engine, {
          ...options,
          onOutput: (stream, chunk) => void pieces.push([stream, chunk.toString()]),
        }).ended;
        if (expected !== undefined) expect(pieces).toEqual(expected);
        else expect(pieces.map(([, text]) => text).join('')).toBe(bytes.toString());
      },
    );
  });

  it.each([
    ['2026-11-29T12:00:00.123456789Z', '1795953600.123456789'],
    ['2026-11-29T12:00:00Z', '1795953600.000000000'],
    ['0001-01-01T00:00:00Z', '0'],
    ['', '0'],
  ])('begins at a time as the interface writes it: %s', (time, seconds) => {
    expect(toSeconds(time)).toBe(seconds);
  });
});
