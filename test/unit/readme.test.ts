import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';

import { RULES } from '../../src/check/rules/rules.ts';
import { createProgram } from '../../src/cli/program.ts';
import { ERROR_CODES } from '../../src/lib/errors.ts';

const README = new URL('../../README.md', import.meta.url);

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const BENCHMARK = new URL('../bench/results/proxy.md', import.meta.url);

const sections = {
  benchmark: readFileSync(BENCHMARK, 'utf8'),
  commands: table(
    ['command', 'does'],
    createProgram().commands.map((command) => {
      const usage = `${command.name()} ${command.usage().replace('[options]', '')}`.replaceAll('|', '\\|');
      return [`\`${usage.replace(/\s+/g, ' ').trim()}\``, command.summary()] as const;
    }),
  ),
  rules: table(
    ['id', 'finds', 'severity'],
    RULES.map(({ id, title, severity }) => [id, title, severity]),
  ),
  errors: table(
    ['code', 'meaning'],
    Object.entries(ERROR_CODES).map(([code, meaning]) => [`\`${code}\``, meaning] as const),
  ),
};

/** Cell padding is the formatter's business. */
const normalize = (text: string): string =>
  text
    .replace(/ +/g, ' ')
    .replace(/-{2,}:?/g, '---')
    .trim();

/** `UPDATE_README=1 npx vitest …` writes the tables anew. */
it.each(Object.entries(sections))('the table of %s in the README is current', (name, expected) => {
  const readme = readFileSync(README, 'utf8');
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const start = readme.indexOf(open) + open.length;
  const end = readme.indexOf(close);
  if (process.env['UPDATE_README']) {
    writeFileSync(README, `${readme.slice(0, start)}\n\n${expected}\n\n${readme.slice(end)}`);
    return;
  }
  expect(normalize(readme.slice(start, end))).toBe(normalize(expected));
});
