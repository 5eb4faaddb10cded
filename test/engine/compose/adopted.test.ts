/** A container that runs is seen, whoever started it, and also where the start here failed or never came. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import type { Machine, Workspace } from '../../process/workspace.ts';
import { IMAGE, findTestEngine, restartEngine } from '../engine.ts';

const engine = await findTestEngine();

const server = (image: string, more = ''): string =>
  `{ image: ${image}, init: true, pull_policy: never, stop_grace_period: 1s, command: [httpd, -f, -p, "80", -h, /www], ports: ["80"]${more} }`;
const LATE = 'portramp/late:1';

const PROJECT = `
services:
  late: ${server(LATE)}
  user: ${server(IMAGE, ', depends_on: [late]')}
  other: ${server(IMAGE)}
  hidden: ${server(IMAGE, ', profiles: [hidden]')}
  byhand: ${server(IMAGE)}
`;

const CONTRACT = `version: 1
workspace: adopted
compose: { include: all }
services:
  hidden: { compose: hidden }
  byhand: { compose: byhand, start: manual }
`;

describe.skipIf(engine === undefined)('containers that somebody else started', () => {
  if (engine === undefined) return;
  const { docker } = engine;
  let machine: Machine;
  let stack: Workspace;

  beforeEach(() => {
    machine = engine.createMachine();
    stack = machine.workspace('adopted', CONTRACT);
    stack.write('compose.yaml', PROJECT);
  });

  afterEach(async () => {
    await machine.run(['down', '--all']);
    await machine.close();
    await docker('rmi', LATE).catch(() => undefined);
    expect(await engine.left()).toEqual([]);
  });

  const expectReady = async (...names: string[]): Promise<void> => {
    for (const name of names) {
      const { ports } = await stack.until(name, 'ready');
      expect((await machine.get(`${name}.adopted.localhost`)).status).not.toBe(503);
      expect(await docker('port', `adopted-${name}-1`)).toContain(`:${ports[0]?.targetPort}`);
    }
  };

  it('are taken over after a start that failed, with what needs them, and after a restart of theirs', async () => {
    expect((await stack.run('dev', '-d', 'user', 'other')).code).toBe(1);
    await stack.until('late', 'failed');
    await docker('tag', IMAGE, LATE);
    expect((await stack.run('compose', 'up', '-d', 'late')).code).toBe(0);
    await expectReady('late', 'user', 'other');
    await docker('restart', '-t', '1', 'adopted-late-1');
    await expectReady('late');
    // What was never wanted here: by its profile, and by the contract.
    expect((await stack.run('compose', '--profile', 'hidden', 'up', '-d', 'hidden', 'byhand')).code).toBe(0);
    await expectReady('hidden', 'byhand');
    expect((await stack.run('stop', 'hidden')).code).toBe(0);
    await stack.until('hidden', 'idle');
    expect(await docker('inspect', '-f', '{{.State.Running}}', 'adopted-hidden-1')).toBe('false');
  });

  it('are taken over by a runner that came later, and when they are paused no more', async () => {
    const first = stack.start('dev', 'other', 'byhand');
    await eventually(() => stack.stack());
    await expectReady('other', 'byhand');
    first.child.kill('SIGINT');
    await first.ended;
    await docker('pause', 'adopted-other-1');
    expect((await stack.run('dev', '-d', 'other')).code).toBe(1);
    await stack.until('other', 'failed');
    await expectReady('byhand');
    await docker('unpause', 'adopted-other-1');
    await expectReady('other');
  });

  it.skipIf(!engine.isPrivate)(
    'a start that failed for want of an engine comes true when there is one',
    async () => {
      expect((await stack.run('dev', '-d', 'other')).code).toBe(0);
      await restartEngine(async () => {
        await stack.run('restart', 'other');
        await stack.until('other', 'failed');
      });
      await expectReady('other');
    },
  );
});
