/** Real processes in every disguise: what belongs is accepted, what does not is named. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { Claim, Finding } from '../../../src/ports/findings.ts';
import { createInspector } from '../../../src/ports/inspect.ts';
import { createSystem } from '../../../src/ports/system/system.ts';
import { buildBundle, makeFolder } from '../daemon/bundle.ts';
import { createListeners, pickPort } from './scene.ts';

const listeners = createListeners();
const inspect = (...claims: Claim[]): Finding[] => createInspector(createSystem()).inspect(claims);

afterEach(() => listeners.close());

const STAY = 'exec sleep 1000';
const linux = process.platform === 'linux';

describe.skipIf(!linux)('a listener belongs to the instance', () => {
  it.each([
    ['that is the leader itself', undefined],
    ['below a shell, as npm and pnpm start it', '"$@"; :'],
    ['that was double-forked: its parent is init', `("$@" &); ${STAY}`],
    ['in a session of its own', `setsid "$@" & ${STAY}`],
    ['double-forked into a session of its own', `(setsid "$@" &); ${STAY}`],
    ['without its environment', 'env -i "$@"; :'],
    ['without its environment, double-forked', `(env -i "$@" &); ${STAY}`],
    ['without its environment in a session of its own', `env -i setsid "$@" & ${STAY}`],
  ])('%s', async (_, shell) => {
    const port = await pickPort();
    const service = await listeners.start('127.0.0.1', port, shell === undefined ? {} : { shell });
    expect(service.said.port).toBe(port);
    expect(inspect(service.claim(port))).toEqual([]);
  });

  it.each([
    ['in its session', `"$@" & ${STAY}`],
    ['in a session of its own', `setsid "$@" & ${STAY}`],
  ])('whose leader has ended, %s', async (_, shell) => {
    const port = await pickPort();
    const service = await listeners.start('127.0.0.1', port, { shell });
    service.child.kill('SIGKILL');
    await once(service.child, 'exit');
    expect(inspect(service.claim(port))).toEqual([]);
  });

  it.each([
    ['as the leader', undefined],
    ['below a shell', '"$@"; :'],
    ['double-forked', `("$@" &); ${STAY}`],
  ])('that has renamed itself, %s', async (_, shell) => {
    const port = await pickPort();
    const env = { TITLE: 'x'.repeat(4_000) };
    const service = await listeners.start('127.0.0.1', port, {
      env,
      ...(shell === undefined ? {} : { shell }),
    });
    expect(inspect(service.claim(port))).toEqual([]);
  });
});

describe.skipIf(!linux)('a listener that left no trace', () => {
  const shell = `(env -i setsid "$@" &); ${STAY}`;

  it('is a stranger, who came later: it may be the service itself', async () => {
    const port = await pickPort();
    const service = await listeners.start('127.0.0.1', port, { shell });
    expect(inspect(service.claim(port))).toMatchObject([
      { kind: 'ghost', number: port, holder: { pid: service.said.pid, address: '127.0.0.1' }, later: true },
    ]);
  });

  it('belongs when it was seen while its parents lived', async () => {
    const [port, other] = [await pickPort(), await pickPort()];
    // A wrapper that daemonises later: the server below it lives on when it ends.
    const service = await listeners.start('127.0.0.1', port, {
      shell: `env -i setsid sh -c '"$@"; :' sh "$@" & ${STAY}`,
    });
    const inspector = createInspector(createSystem());
    const on = (number: number): Claim => service.claim(number);
    expect(inspector.inspect([on(other)])).toMatchObject([{ kind: 'elsewhere' }]);
    service.child.kill('SIGKILL');
    await once(service.child, 'exit');
    expect(inspector.inspect([on(port)])).toEqual([]);
  });
});

describe.skipIf(!linux)('a pass', () => {
  it('tells an instance of one service from those of others', async () => {
    const port = await pickPort();
    const one = await listeners.start('127.0.0.1', port);
    const two = await listeners.start('::1', port);
    expect(inspect(one.claim(port), { ...two.claim(port), label: 'web of shop' })).toMatchObject([
      { kind: 'ghost', marker: one.marker, holder: { pid: two.said.pid }, label: 'web of shop' },
      { kind: 'ghost', marker: two.marker, holder: { pid: one.said.pid }, label: 'api of shop' },
    ]);
  });

  it('says which port a service opened that ignores the one it was given', async () => {
    const [given, opened] = [await pickPort(), await pickPort()];
    const service = await listeners.start('127.0.0.1', opened, { shell: '"$@"; :' });
    expect(inspect(service.claim(given))).toEqual([
      {
        kind: 'elsewhere',
        marker: service.marker,
        port: 'http',
        number: given,
        opened: [{ number: opened, address: '127.0.0.1', pid: service.said.pid }],
      },
    ]);
  });
});

const isRoot = process.getuid?.() === 0;
/** Two users without rights, who need not exist. */
const [SELF, FOREIGN] = [65_531, 65_532];

/** Two users are needed, which only root can be. */
const skip = (): void => console.log('skipped: only root can start a listener as another user');

describe.skipIf(!linux)('a listener of another user', () => {
  let bundle: string;

  beforeAll(async () => {
    bundle = makeFolder();
    chmodSync(bundle, 0o755);
    await buildBundle(bundle, { 'inspect-once': 'test/process/ports/inspect-once.ts' });
  });
  afterAll(() => rmSync(bundle, { recursive: true }));

  async function inspectAs(uid: number, claims: Claim[]): Promise<Finding[]> {
    const args = [join(bundle, 'inspect-once.js'), JSON.stringify(claims)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { uid, gid: uid, cwd: '/' });
    return JSON.parse(stdout) as Finding[];
  }

  it('is unknown, though it is a ghost for whoever may see it', async () => {
    if (!isRoot) return skip();
    const port = await pickPort();
    const service = await listeners.start('127.0.0.1', port, { uid: SELF });
    await listeners.start('::1', port, { uid: FOREIGN });
    const claims = [service.claim(port)];
    expect(await inspectAs(SELF, claims)).toEqual([
      { kind: 'unknown', marker: service.marker, port: 'http', number: port, address: '::1', user: FOREIGN },
    ]);
    expect(await inspectAs(0, claims)).toMatchObject([{ kind: 'ghost' }]);
  });

  it('is unknown even as a child of the instance: nobody can prove that the socket is its', async () => {
    if (!isRoot) return skip();
    const port = await pickPort();
    const shell = `setpriv --reuid ${FOREIGN} --clear-groups "$@"; :`;
    const service = await listeners.start('127.0.0.1', port, { shell });
    expect(await inspectAs(SELF, [service.claim(port)])).toMatchObject([{ kind: 'unknown', user: FOREIGN }]);
    expect(await inspectAs(0, [service.claim(port)])).toEqual([]);
  });
});
