import { describe, expect, it } from 'vitest';

import { findSwitchedOff, selectStarted } from '../../../src/compose/selection.ts';
import { isNewEnough } from '../../../src/runtime/compose/binary.ts';
import { callByLabels } from '../../../src/runtime/compose/calls.ts';
import { explainFailure, findNameHolder, readLog } from '../../../src/runtime/compose/failure.ts';
import { composeWords, type ComposeCall } from '../../../src/runtime/compose/resolve.ts';
import { projectWith } from './project.ts';

const HOLDER = '4c5e'.repeat(16);
const TAKEN = `Error response from daemon: Conflict. The container name "/the-db" is already in use by container "${HOLDER}". You have to remove (or rename) that container to be able to reuse that name.`;

describe('what Compose says', () => {
  it('is split into warnings and the failure', () => {
    const stderr =
      'time="2026-11-25T02:27:02Z" level=warning msg="The \\"X\\" variable is not set."\nservices.a: bad\n';
    expect(readLog(stderr)).toEqual({
      warnings: ['The "X" variable is not set.'],
      rest: ['services.a: bad'],
    });
  });

  it('says a warning once, however many places have the variable', () => {
    const line = 'time="2026-11-25T02:27:02Z" level=warning msg="The \\"TZ\\" variable is not set."\n';
    expect(readLog(line.repeat(40)).warnings).toEqual(['The "TZ" variable is not set.']);
  });

  it.each([
    ['env file /x/.env not found: stat', 'create /x/.env: a new worktree lacks'],
    ['required variable X is missing a value: must', 'set X in the shell'],
    ['open /x/nope.yaml: no such file or directory', 'is /x/nope.yaml the right name?'],
    ['Cannot connect to the Docker daemon at unix:///x.', 'start Docker'],
    [
      'Error response from daemon: invalid mount config for type "bind": bind source path does not exist: /x/data',
      'mkdir -p /x/data: a new worktree lacks folders',
    ],
    ['Error response from daemon: cannot start a paused container, try unpause instead', 'compose unpause'],
    ['failed to solve: process "/bin/sh -c false" did not complete: exit code: 1', 'portramp compose build'],
    [TAKEN, 'whose it is says "docker inspect the-db"; end it with "docker rm -f the-db"'],
  ])('gets a hint: %s', (text, hint) => {
    const explained = explainFailure(text, 1);
    expect(explained.message).toContain(text);
    expect(explained.hint).toContain(hint);
  });

  // As Compose 2.26 prints it, the engine's own words in it.
  const LOOKUP =
    'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host';
  it('calls a service as the contract does', () => {
    const text = ` postgres Error ${LOOKUP}\nError response from daemon: ${LOOKUP}\n`;
    const { message } = explainFailure(text, 1, (service) => (service === 'postgres' ? 'db' : service));
    expect(message).toBe(`Compose says: the image of db could not be pulled: ${LOOKUP}`);
  });

  it.each([
    [
      'made nothing',
      ' Network p_default  Creating\n Network p_default  Created\n Container p-a-1  Creating\nError response from daemon: no such image: x/a:1: No such image: x/a:1\n',
      'Error response from daemon: no such image: x/a:1',
      'docker pull x/a:1, or',
    ],
    [
      'pulled in vain, without a network',
      ` b Pulling \n b Error ${LOOKUP}\nError response from daemon: ${LOOKUP}\n`,
      `the image of b could not be pulled: ${LOOKUP}`,
      'registry-1.docker.io cannot be reached, and the image is not on this machine',
    ],
    [
      'pulled what is nowhere',
      " b Pulling \n b Error pull access denied for x/b, repository does not exist or may require 'docker login': denied\nError response from daemon: pull access denied for x/b, repository does not exist or may require 'docker login': denied\n",
      "the image of b could not be pulled: pull access denied for x/b, repository does not exist or may require 'docker login': denied",
      'is x/b the right name?',
    ],
    [
      'pulled a tag that is not there',
      ' b Error manifest for redis:99 not found: manifest unknown: manifest unknown\nError response from daemon: manifest for redis:99 not found: manifest unknown: manifest unknown\n',
      'the image of b could not be pulled: manifest for redis:99 not found: manifest unknown: manifest unknown',
      'is the tag right?',
    ],
    [
      'built, after a pull in vain',
      ` d Pulling \n d Warning ${LOOKUP}\n#0 building with "default"\n\n#1 [c internal] load\n------\n > [c internal] load:\n------\nunable to prepare context: path "/w/d" not found\n`,
      'unable to prepare context: path "/w/d" not found',
      'is /w/d the right folder?',
    ],
  ])('says once what it lacks, and what helps, when it %s', (_name, stderr, message, hint) => {
    const explained = explainFailure(stderr, 18);
    expect(explained.message).toBe(`Compose says: ${message}`);
    expect(explained.hint).toContain(hint);
  });

  it('keeps what it says where nothing but progress was said', () => {
    expect(explainFailure(' Container p-a-1  Starting\n', 1).message).toBe(
      'Compose says: Container p-a-1  Starting',
    );
    expect(explainFailure('container p-a-1 is unhealthy', 1).message).toContain('p-a-1 is unhealthy');
  });

  it('does not take for a reason what it was doing when it was ended', () => {
    const stderr = ' Volume "v"  Created\n Container p-a-1  Creating\n';
    const { message, hint } = explainFailure(stderr, -1);
    expect(message).toBe(
      'Compose was ended before it was done; the last it told was: Container p-a-1 Creating',
    );
    expect(hint).toBe('start it again');
    expect(explainFailure('', -1).message).toBe('Compose was ended before it was done');
    expect(explainFailure('Error response from daemon: no\n', -1).message).toContain('daemon: no');
  });

  it('tells who has the name of a container', () => {
    expect(findNameHolder(explainFailure(`Container the-db  Creating\n${TAKEN}`, 1).message)).toBe(HOLDER);
    expect(findNameHolder(explainFailure('no such image: x', 1).message)).toBeUndefined();
  });

  it('is never empty', () => {
    expect(explainFailure('', 7).message).toBe('Compose failed with code 7');
  });
});

describe('isNewEnough', () => {
  it.each([
    ['2.24.4', true],
    ['2.24.3', false],
    ['2.26.1', true],
    ['5.0.0', true],
    ['1.29.2', false],
  ])('%s', (version, expected) => {
    expect(isNewEnough(version)).toBe(expected);
  });
});

describe('a call by labels', () => {
  it('reads no file, also none that the environment names', () => {
    const call: ComposeCall = {
      binary: { command: ['docker', 'compose'], version: '2.26.1' },
      cwd: '/work',
      environment: { DOCKER_HOST: 'tcp://far:1', COMPOSE_FILE: 'x.yaml', COMPOSE_ENV_FILES: '.env.x' },
      options: ['--project-directory', '/work/x'],
      files: ['/work/compose.yaml', '/home/compose/st.1a2b.yaml'],
      profiles: ['*'],
    };
    const byLabels = callByLabels(call, '/home/compose', 'st');
    expect(composeWords(byLabels)).toEqual(['compose', '--project-name', 'st']);
    expect(byLabels).toMatchObject({
      cwd: '/home/compose',
      environment: { DOCKER_HOST: 'tcp://far:1', COMPOSE_FILE: undefined, COMPOSE_ENV_FILES: undefined },
    });
  });
});

describe('findSwitchedOff', () => {
  const needs = (fields: object) =>
    projectWith({ web: { depends_on: { db: fields } }, db: { profiles: ['data', 'all'] } });

  it('is what a service needs that is on, while no profile of it is', () => {
    const found = [{ service: 'web', needs: 'db', profiles: ['data', 'all'], by: 'depends_on' }];
    expect(findSwitchedOff(needs({}), [])).toEqual(found);
    expect(findSwitchedOff(needs({}), ['other'])).toEqual(found);
    for (const on of ['data', 'all', '*']) expect(findSwitchedOff(needs({}), [on])).toEqual([]);
  });

  it('is nothing that may be absent, and nothing that only a service needs which is off itself', () => {
    expect(findSwitchedOff(needs({ required: false }), [])).toEqual([]);
    const project = projectWith({
      web: { profiles: ['x'], depends_on: { db: {} } },
      db: { profiles: ['data'] },
    });
    expect(findSwitchedOff(project, [])).toEqual([]);
    expect(findSwitchedOff(project, ['x'])).toHaveLength(1);
  });
});

describe('selectStarted', () => {
  const project = projectWith({
    web: { depends_on: { db: {} } },
    db: {},
    debug: { profiles: ['tools'], depends_on: { db: {} } },
  });

  it('is every service whose profiles are on', () => {
    expect([...selectStarted(project, [], [])]).toEqual(['web', 'db']);
    expect([...selectStarted(project, [], ['tools'])]).toEqual(['web', 'db', 'debug']);
    expect([...selectStarted(project, [], ['*'])]).toEqual(['web', 'db', 'debug']);
  });

  it('is what was named, and what that depends on', () => {
    expect([...selectStarted(project, ['debug'], [])]).toEqual(['debug', 'db']);
  });
});
