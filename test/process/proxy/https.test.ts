/** https targets (external services): the certificate is checked, against the target's name. */
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { engines } from './engines.ts';
import { ask, closeHttp, createScene, forwardTo, listenOn, portOf } from './scene.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

const hasOpenssl = ((): boolean => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn('skipped: openssl is not installed');
    return false;
  }
})();

describe.skipIf(!hasOpenssl).each(engines)('engine $name, https target', ({ name, create }) => {
  const folder = mkdtempSync(join(tmpdir(), 'portramp-https-'));
  const certificate = join(folder, 'certificate.pem');
  const key = join(folder, 'key.pem');
  const children: ChildProcess[] = [];
  let backend: Server;

  beforeAll(async () => {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject];
    await promisify(execFile)('openssl', [...request, '-keyout', key, '-out', certificate]);
    backend = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (req, res) =>
      res.end(`${req.method} ${req.url} ${req.headers.host}`),
    );
    const sockets = new WebSocketServer({ server: backend });
    sockets.on('connection', (socket) => socket.send('secure'));
    await listenOn(backend, '127.0.0.1', 0);
    const entry = 'forwarder=test/process/proxy/forwarder.ts';
    await promisify(execFile)(process.execPath, [join(ROOT, 'bin/build.js'), join(folder, 'out'), entry]);
  });

  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.kill();
      if (child.exitCode === null) await once(child, 'exit');
    }
  });

  afterAll(async () => {
    await closeHttp(backend);
    rmSync(folder, { recursive: true });
  });

  /** Certificates to trust are read once by a process, at its start. */
  async function forwarder(host: string): Promise<number> {
    const args = [join(folder, 'out/forwarder.js'), name, 'https', host, String(portOf(backend))];
    const child = spawn(process.execPath, args, {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    return Number(line.toString());
  }

  it('is reached when its certificate is trusted', async () => {
    const port = await forwarder('localhost');
    expect(await ask(port, { path: '/x' })).toMatchObject({ status: 200, body: 'GET /x localhost' });
    const client = new WebSocket(`ws://127.0.0.1:${port}/`);
    const [message] = (await once(client, 'message')) as [Buffer];
    expect(message.toString()).toBe('secure');
    client.terminate();
  });

  it('is not reached when the certificate is for another name', async () => {
    const port = await forwarder('127.0.0.1');
    const { status, body } = await ask(port);
    expect(status).toBe(502);
    expect(body).toMatch(/altnames|does not match/);
  });

  it('is not reached when nobody vouches for its certificate', async () => {
    const scene = await createScene(create());
    scene.handler = () => forwardTo({ protocol: 'https', host: 'localhost', port: portOf(backend) });
    const { status, body } = await ask(scene.port);
    expect(status).toBe(502);
    expect(body).toMatch(/self[- ]signed certificate/);
    await scene.close();
  });
});
