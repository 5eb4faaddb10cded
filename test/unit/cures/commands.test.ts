/** Each command that a hint says to type is one that portramp has, with the options that it is said to have. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';

import { createProgram } from '../../../src/cli/program.ts';
import { hintsOf } from './catalogue.ts';

const SRC = join(import.meta.dirname, '../../../src');
const rooms = readdirSync(SRC, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

interface Typed {
  readonly file: string;
  readonly name: string;
  readonly words: readonly string[];
}

/** What follows "portramp" in the hints, as far as it can be part of a command line. */
const typed: readonly Typed[] = hintsOf(rooms).flatMap(({ file, text }) =>
  [
    ...text.matchAll(
      /(?:^|["(]|: |; |, |\bor |&& )portramp ([a-z]+)((?: (?:--?[a-z][\w-]*|[A-Z_=]+|…|[a-z]+=\d+))*)/g,
    ),
  ].map(([, name = '', rest = '']) => ({ file, name, words: rest.split(' ').filter((word) => word !== '') })),
);

const program: Command = createProgram();
const commandOf = (name: string): Command | undefined =>
  program.commands.find((command) => command.name() === name);

describe('a command in a hint', () => {
  it('is looked for in enough hints', () => {
    expect(typed.length).toBeGreaterThan(30);
  });

  it.each([...new Set(typed.map(({ name }) => name))])('portramp %s', (name) => {
    const command = commandOf(name);
    expect(command, name).toBeDefined();
    // The rest of these is the arguments of another program.
    if (command === undefined || name === 'compose') return;
    const known = [...command.options, ...program.options].flatMap(({ short, long }) => [short, long]);
    for (const { file, words } of typed.filter((each) => each.name === name))
      for (const word of words.filter((each) => each.startsWith('-')))
        expect(known, `${file}: ${word}`).toContain(word);
  });
});
