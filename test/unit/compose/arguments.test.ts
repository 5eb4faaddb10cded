import { describe, expect, it } from 'vitest';

import { passThrough } from '../../../src/cli/pass-through.ts';
import { parseComposeArguments, scalesOf, writeOptions } from '../../../src/runtime/compose/arguments.ts';

const parse = (line: string) => parseComposeArguments(line.split(' ').filter((word) => word !== ''));

describe('parseComposeArguments', () => {
  it('takes apart what stands before the command', () => {
    expect(
      parse('-f a.yaml --file=b.yaml -fc.yaml -p name --profile x --env-file .e --ansi never up -d -f y'),
    ).toEqual({
      files: ['a.yaml', 'b.yaml', 'c.yaml'],
      projectName: 'name',
      projectDirectory: undefined,
      envFiles: ['.e'],
      profiles: ['x'],
      options: ['--ansi', 'never'],
      command: 'up',
      rest: ['-d', '-f', 'y'],
    });
  });

  it('knows a call without a command', () => {
    expect(parse('--version').command).toBeUndefined();
    expect(parse('').command).toBeUndefined();
  });

  it('writes the options that are not replaced', () => {
    expect(writeOptions(parse('--dry-run --project-directory d --env-file e -f x up'))).toEqual([
      '--dry-run',
      '--project-directory',
      'd',
      '--env-file',
      'e',
    ]);
  });

  it('finds how many replicas a command asks for', () => {
    expect(scalesOf(parse('up -d --scale web=3 --scale=db=2'))).toEqual(
      new Map([
        ['web', 3],
        ['db', 2],
      ]),
    );
    expect(scalesOf(parse('scale web=4'))).toEqual(new Map([['web', 4]]));
    expect(scalesOf(parse('logs --scale web=3'))).toEqual(new Map());
  });
});

describe('passThrough', () => {
  const pass = (line: string): string => passThrough(line.split(' ')).join(' ');

  it('keeps the words of Compose from portramp', () => {
    expect(pass('compose up -V -d')).toBe('compose -- up -V -d');
    expect(pass('-C folder compose -f x --help')).toBe('-C folder compose -- -f x --help');
    expect(pass('--dir=folder compose --version')).toBe('--dir=folder compose -- --version');
  });

  it('leaves other commands alone, and the help of this one', () => {
    for (const line of ['ls --json', 'exec compose up', 'compose --help', '-V', ''])
      expect(pass(line)).toBe(line);
  });
});
