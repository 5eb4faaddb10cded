/** A crowd: thousands of requests under way at the same moment. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { createScene, live, stackOf, type Scene } from './scene.ts';

const CROWD = 5_000;

/** In this process: a client, what the front accepted, and its connection to the backend. */
const DESCRIPTORS = 3 * CROWD + 500;

interface Report {
  readonly userLimits: { readonly open_files: { readonly soft: number | string } };
}

const { soft } = (process.report.getReport() as unknown as Report).userLimits.open_files;
const suffices = soft === 'unlimited' || Number(soft) >= DESCRIPTORS;
if (!suffices)
  console.log(`skipped: a crowd needs ${DESCRIPTORS} open files, ${soft} are allowed (ulimit -n)`);

let scene: Scene;
let endBackend: () => Promise<void>;
beforeEach(async () => {
  scene = await createScene();
});
afterEach(async () => {
  await scene.close();
  await endBackend();
});

/** Answers nobody before all of them are there. */
async function startBackend(): Promise<number> {
  const program = resolve(import.meta.dirname, '../programs/crowd.js');
  const child = spawn(process.execPath, [program, String(CROWD)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  endBackend = async () => {
    child.kill('SIGKILL');
    await exit;
  };
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return Number(line.toString());
}

it.runIf(suffices)(
  `of ${CROWD} is answered to the last one`,
  async () => {
    scene.front.publish([stackOf('shop', { web: live(await startBackend()) })]);
    const answers = await Promise.all(Array.from({ length: CROWD }, () => askOnce(scene.port)));
    const counts = new Map<string, number>();
    for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
    expect([...counts]).toEqual([['HTTP/1.1 200 OK … served', CROWD]]);
  },
  60_000,
);

/** The status line and the body, or the error's code. */
function askOnce(port: number): Promise<string> {
  return new Promise((done) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET / HTTP/1.1\r\nHost: web.shop.localhost\r\nConnection: close\r\n\r\n'),
    );
    socket.setEncoding('latin1').on('data', (more: string) => (text += more));
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    socket.once('close', () => {
      const [head = '', body = ''] = text.split('\r\n\r\n');
      done(`${head.split('\r\n')[0]} … ${body.replace(/^6\r\n/, '').replace(/\r\n.*/s, '')}`);
    });
  });
}
