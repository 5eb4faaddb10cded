/** Does what is said of a Compose project, its files and what was chosen for it, and sees that it helps. No engine. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { planOverride } from '../../../src/compose/override.ts';
import { parseComposeArguments } from '../../../src/runtime/compose/arguments.ts';
import { addEnvFiles } from '../../../src/runtime/compose/dot-env.ts';
import { findComposeFiles } from '../../../src/runtime/compose/files.ts';
import { demandProfiles, findOverruledName } from '../../../src/stack/compose/choices.ts';
import { openProject } from '../../../src/stack/compose/prepare.ts';
import { readFilesAlone } from '../../../src/stack/compose/source.ts';
import { port, projectWith } from '../compose/project.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-cures-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('an override', () => {
  const hintsOf = (services: Record<string, object>): (string | undefined)[] =>
    planOverride({
      project: projectWith(services),
      policy: { names: 'release', share: new Set(), mainName: 'shop' },
      numberOf: () => 20_200,
    }).findings.map(({ hint }) => hint);

  it('has nothing to say where ports are written as it says', () => {
    const ports = [port(80, '8080')];
    expect(hintsOf({ web: { network_mode: 'host' } })).toEqual([
      'give web "ports" instead of network_mode: host',
    ]);
    expect(hintsOf({ web: { ports } })).toEqual([]);
    expect(hintsOf({ db: {}, web: { ports, network_mode: 'service:db' } })).toEqual([
      'write the ports at the service that owns the network',
    ]);
    expect(hintsOf({ db: { ports }, web: { network_mode: 'service:db' } })).toEqual([]);
  });

  it('has nothing to say where services are named in place of containers', () => {
    const db = { container_name: 'the-db' };
    expect(hintsOf({ db, web: { volumes_from: ['container:the-db'] } })).toEqual([
      'write the service instead: db',
    ]);
    expect(hintsOf({ db, web: { volumes_from: ['db'] } })).toEqual([]);
  });
});

describe('a Compose file', () => {
  it('is read from a file', async () => {
    const find = (file: string) => findComposeFiles({ cwd: folder, environment: {}, files: [file] });
    await expect(find('-')).rejects.toMatchObject({ hint: 'write it to a file, and name that with -f' });
    writeFileSync(join(folder, 'mine.yaml'), 'services: {}\n');
    expect(await find('mine.yaml')).toMatchObject({ files: [join(folder, 'mine.yaml')] });
  });

  it('is found when it is named with -f', async () => {
    const open = (...words: string[]) =>
      openProject({
        client: { request: () => Promise.reject(new Error('nobody is asked')) },
        binary: undefined,
        cwd: folder,
        ambient: {},
        arguments: parseComposeArguments([...words, 'up']),
      });
    await expect(open()).rejects.toMatchObject({ hint: 'name it with -f, or change to its folder' });
    writeFileSync(join(folder, 'mine.yaml'), 'services: { web: { image: x } }\n');
    expect([...(await open('-f', 'mine.yaml')).first.services.keys()]).toEqual(['web']);
  });
});

describe('an env file of Compose', () => {
  it('is read when its line was corrected', async () => {
    const path = join(folder, '.env');
    const look = async () => {
      const { variables, problem } = await addEnvFiles({}, [path]);
      return readFilesAlone({ files: [], looked: [], directory: folder, variables, problem });
    };
    writeFileSync(path, "NAME='open\n");
    await expect(look()).rejects.toMatchObject({ hint: 'correct that line' });
    writeFileSync(path, "NAME='closed'\n");
    expect((await look()).notices).toHaveLength(1);
  });

  it.skipIf(process.platform === 'win32')('may be another one than a pipe that nobody fills', async () => {
    const [pipe, file] = [join(folder, 'pipe'), join(folder, 'file')];
    execFileSync('mkfifo', [pipe]);
    await expect(addEnvFiles({}, [pipe])).rejects.toMatchObject({
      hint: 'start what fills it, or name another: --env-file FILE',
    });
    writeFileSync(file, 'NAME=value\n');
    expect(await addEnvFiles({}, [file])).toMatchObject({ variables: { NAME: 'value' } });
  });
});

describe('what was chosen for Compose', () => {
  const overruled = (words: readonly string[], ambient: Record<string, string>) =>
    findOverruledName({ own: 'shop', ambient, arguments: parseComposeArguments([...words, 'up']) });

  it('counts without the name of another project', () => {
    const hinted = (hint: RegExp) =>
      expect.objectContaining({ hint: expect.stringMatching(hint) as string }) as object;
    expect(() => overruled(['-p', 'test'], {})).toThrow(
      hinted(/^leave out -p for this stack; for the other/),
    );
    expect(overruled([], {})).toBeUndefined();
    const ambient = { COMPOSE_PROJECT_NAME: 'test' };
    expect(() => overruled([], ambient)).toThrow(hinted(/^unset COMPOSE_PROJECT_NAME for this stack; for/));
    expect(overruled([], {})).toBeUndefined();
  });

  it('is enough when the profile is on that is needed', () => {
    const project = projectWith({
      web: { depends_on: { db: { condition: 'service_started', required: true } } },
      db: { profiles: ['data'] },
    });
    expect(() => demandProfiles(project, [])).toThrow(
      expect.objectContaining({
        hint: expect.stringMatching(/^set COMPOSE_PROFILES=data in the shell or in \.env/) as string,
      }),
    );
    expect(() => demandProfiles(project, ['data'])).not.toThrow();
  });
});
