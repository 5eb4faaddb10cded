import { describe, expect, it } from 'vitest';

import { selectStarted } from '../../../src/compose/selection.ts';
import { isNewEnough } from '../../../src/runtime/compose/binary.ts';
import { parseContainers } from '../../../src/runtime/compose/containers.ts';
import { explainFailure, readLog } from '../../../src/runtime/compose/failure.ts';
import { projectWith } from './project.ts';

describe('what Compose says', () => {
  it('is split into warnings and the failure', () => {
    const stderr =
      'time="2026-11-25T02:27:02Z" level=warning msg="The \\"X\\" variable is not set."\nservices.a: bad\n';
    expect(readLog(stderr)).toEqual({
      warnings: ['The "X" variable is not set.'],
      rest: ['services.a: bad'],
    });
  });

  it.each([
    ['env file /x/.env not found: stat', 'create /x/.env: a new worktree lacks'],
    ['required variable X is missing a value: must', 'set X in the shell'],
    ['open /x/nope.yaml: no such file or directory', 'is /x/nope.yaml the right name?'],
    ['Cannot connect to the Docker daemon at unix:///x.', 'start Docker'],
  ])('gets a hint: %s', (text, hint) => {
    const explained = explainFailure(text, 1);
    expect(explained.message).toContain(text);
    expect(explained.hint).toContain(hint);
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

describe('parseContainers', () => {
  const row = {
    ID: 'a',
    Name: 'st-web-1',
    Service: 'web',
    State: 'running',
    Publishers: [{ PublishedPort: 20_200 }, { PublishedPort: 0 }],
    Labels: 'com.docker.compose.project.working_dir=/x y/z,a=b',
  };

  it('reads one object a line, or one array', () => {
    const expected = [
      { id: 'a', service: 'web', state: 'running', published: [20_200], workingDirectory: '/x y/z' },
    ];
    expect(parseContainers(`${JSON.stringify(row)}\n`)).toMatchObject(expected);
    expect(parseContainers(JSON.stringify([row]))).toMatchObject(expected);
    expect(parseContainers('\n')).toEqual([]);
  });

  it('leaves out what "run" started', () => {
    expect(parseContainers(JSON.stringify({ ...row, Name: 'st-web-run-1a2b3c' }))).toEqual([]);
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
