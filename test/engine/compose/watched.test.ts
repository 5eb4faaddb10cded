/** Every file that a Compose project is read from counts: an edit of it starts the service again that it is about. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import type { Machine, Workspace } from '../../process/workspace.ts';
import { IMAGE, findTestEngine } from '../engine.ts';

const engine = await findTestEngine();

const SERVER = `image: ${IMAGE}, stop_signal: SIGKILL, command: [httpd, -f, -p, "80", -h, /www]`;
const FILES = {
  'compose.yaml': `
include: [sub/included.yaml]
services:
  a:
    extends: { file: sub/base.yaml, service: base }
    env_file: [a.env]
    environment: { DOT: "$DOT" }
    configs: [{ source: conf, target: /tmp/conf }]
    secrets: [{ source: secret, target: /tmp/secret }]
configs: { conf: { file: ./conf.txt } }
secrets: { secret: { file: ./secret.txt } }
`,
  'sub/base.yaml': `services: { base: { ${SERVER}, environment: { BASE: one } } }\n`,
  'sub/included.yaml': `services: { c: { ${SERVER}, environment: { INCLUDED: one } } }\n`,
  'a.env': 'OWN=one\n',
  '.env': 'DOT=one\n',
  'conf.txt': 'conf one\n',
  'secret.txt': 'secret one\n',
};
const CONTRACT = `version: 1
workspace: read
services:
  a: { compose: a }
  c: { compose: c }
  idle: { command: sleep 1000, ports: false }
`;

describe.skipIf(engine === undefined)('an edit under portramp dev', () => {
  if (engine === undefined) return;
  const { docker } = engine;
  let machine: Machine;
  let stack: Workspace;

  beforeAll(async () => {
    machine = engine.createMachine();
    stack = machine.workspace('read', CONTRACT);
    for (const [name, text] of Object.entries(FILES)) stack.write(name, text);
    expect(await stack.run('dev', '-d')).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    try {
      await stack.run('down');
      expect(await engine.left()).toEqual([]);
    } finally {
      await machine.close();
    }
  });

  const startOf = (service: string): Promise<string> =>
    docker('inspect', '--format', '{{.State.StartedAt}}', `read-${service}-1`);
  const saysOf = (service: string): Promise<string> =>
    docker('exec', `read-${service}-1`, 'sh', '-c', 'env; cat /tmp/conf /tmp/secret 2>/dev/null || true');

  it.each([
    ['.env', 'a', 'DOT=two'],
    ['a.env', 'a', 'OWN=two'],
    ['sub/base.yaml', 'a', 'BASE=two'],
    ['sub/included.yaml', 'c', 'INCLUDED=two'],
    ['conf.txt', 'a', 'conf two'],
    ['secret.txt', 'a', 'secret two'],
  ] as const)('of %s is seen: %s has %s', async (file, service, expected) => {
    const [other] = ['a', 'c'].filter((name) => name !== service);
    const before = await startOf(service);
    const untouched = await startOf(other ?? '');
    stack.write(file, FILES[file].replace('one', 'two'));
    await eventually(async () => {
      expect(await startOf(service)).not.toBe(before);
      expect(await saysOf(service)).toContain(expected);
    });
    await stack.until(service, 'ready');
    expect(await startOf(other ?? '')).toBe(untouched);
  });

  it('that names a file which is missing is refused, and taken when the file comes', async () => {
    stack.write('compose.yaml', FILES['compose.yaml'].replace('a.env', 'a.env, late.env'));
    await eventually(async () => expect((await stack.stack()).problems?.join()).toContain('late.env'));
    expect((await stack.service('a')).state).toBe('ready');
    stack.write('late.env', 'LATE=here\n');
    await eventually(async () => expect(await saysOf('a')).toContain('LATE=here'));
    expect((await stack.stack()).problems ?? []).toEqual([]);
  });
});
