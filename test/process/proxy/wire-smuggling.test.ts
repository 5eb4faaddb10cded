/** Nothing reaches a backend through the engine that Node's parser does not see in the bytes of the client. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { createWireEngine } from '../../../src/proxy/engine/wire/wire.ts';
import { createCase } from '../../unit/proxy/wire-fuzz/mutate.ts';
import { readWithNode } from '../../unit/proxy/wire-fuzz/node-parser.ts';
import { createRandom } from '../../unit/proxy/wire-fuzz/random.ts';
import { createScene, readAll, type Scene } from './scene.ts';

const CASES = 1_500;
const SEED = 7;

let scene: Scene;
beforeEach(async () => {
  scene = await createScene(createWireEngine({ timeouts: { rest: 0, witness: 0 } }));
});
afterEach(() => scene.close());

it('smuggles no request, whatever a client sends', async () => {
  let seen: string[] = [];
  await scene.backend((req, res) => {
    const { method = '', url = '' } = req;
    readAll(req).then(
      (body) => {
        seen.push(`${method} ${url} ${body.toString('latin1')}`);
        res.end('ok');
      },
      // A body that was cut off.
      () => res.destroy(),
    );
  });
  let reached = 0;
  for (let index = 0; index < CASES; index += 1) {
    const input = createCase(createRandom(SEED * CASES + index));
    if (input.kind === 'response') continue;
    seen = [];
    await send(input.text, input.cuts);
    const whole = readWithNode(input).messages.filter(({ complete }) => complete);
    const allowed = whole.map(({ line, body }) => `${inOriginForm(line)} ${body}`);
    reached += seen.length;
    expect({ index, input, rest: without(seen, allowed) }).toEqual({ index, input, rest: [] });
  }
  expect(reached).toBeGreaterThan(CASES / 4);
});

/** Over a connection of its own, in these pieces; resolves when that is closed. */
async function send(text: string, cuts: readonly number[]): Promise<void> {
  const socket = connect({ port: scene.port, host: '127.0.0.1', noDelay: true });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const edges = [0, ...cuts, text.length];
  for (let index = 0; index + 1 < edges.length; index += 1) {
    socket.write(text.slice(edges[index], edges[index + 1]), 'latin1');
    await new Promise(setImmediate);
  }
  socket.end();
  socket.resume();
  await closed;
}

/** What is in `seen` beyond a part of `allowed` in its order. */
function without(seen: readonly string[], allowed: readonly string[]): string[] {
  let next = 0;
  return seen.filter((one) => {
    const found = allowed.indexOf(one, next);
    if (found === -1) return true;
    next = found + 1;
    return false;
  });
}

/** As it is forwarded (RFC 9112 §3.2.2, §3.2.4). */
function inOriginForm(line: string): string {
  const [, method = '', rest = ''] = /^(\S+) http:\/\/[^/?]*(.*)$/i.exec(line) ?? [];
  if (method === '') return line;
  if (rest === '') return `${method} ${method === 'OPTIONS' ? '*' : '/'}`;
  return `${method} ${rest.startsWith('/') ? '' : '/'}${rest}`;
}
