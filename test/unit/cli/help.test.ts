import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';

import { createProgram } from '../../../src/cli/program.ts';

const commands = createProgram().commands;

const helpOf = (command: Command): string => {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
};

describe.each(commands.map((command) => [command.name(), command] as const))(
  'portramp %s',
  (name, command) => {
    it('has a one-line summary and an example in its help', () => {
      expect(command.summary()).toMatch(/^[a-z].*[^.]$/);
      const help = helpOf(command);
      expect(help.replace(/\s+/g, ' ')).toContain(command.description());
      expect(help).toMatch(new RegExp(`Examples?:\\n[^]*portramp ${name}`));
    });
  },
);

it('every command that prints data has --json', () => {
  const without = commands
    .filter((command) => command.commands.length === 0)
    .filter((command) => !command.options.some((option) => option.long === '--json'))
    .map((command) => command.name());
  expect(without.sort()).toEqual(['compose', 'dev', 'exec', 'schema']);
});
