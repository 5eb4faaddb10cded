/** What lies around a contract was written by others: whatever it is, reading it ends, and throws nothing. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { splitCommands } from '../../src/plan/scripts.ts';
import { withoutComments } from '../../src/check/facts/comments.ts';
import { readComposeFile } from '../../src/check/facts/compose-file.ts';
import { readDevcontainer } from '../../src/check/facts/devcontainer.ts';
import { readDockerfile } from '../../src/check/facts/dockerfile.ts';
import { searchFor } from '../../src/check/facts/literals.ts';
import { readPackageScripts } from '../../src/check/facts/packages.ts';
import { readTurboConfig } from '../../src/check/facts/turbo.ts';
import { portFlagIn } from '../../src/check/port-flag.ts';
import { looksLikeSecret } from '../../src/check/secret.ts';

const MARKS = '// /* */ # -- ; <!-- --> """ \' " ` \\ { } [ ] : , -';
const WORDS =
  'localhost:3000 127.0.0.1:20010 port: 20010 PORT=3000 ${A:-5} services: ports: EXPOSE FROM "forwardPorts" "tasks" 5';
const pieces = fc.constantFrom(...MARKS.split(' '), ...WORDS.split(' '), '\n', ' ', '\t');
const texts = fc.oneof(
  fc.array(pieces, { maxLength: 40 }).map((list) => list.join('')),
  fc.string({ unit: 'binary', maxLength: 200 }),
);
const files = fc.constantFrom(...'a.ts a.py a.yaml a.vue a.sql a.ini .env Dockerfile a.php a'.split(' '));

it('comments become spaces, and nothing moves', () => {
  fc.assert(
    fc.property(files, texts, (path, text) => {
      const code = withoutComments(path, text);
      expect(code.length).toBe(text.length);
      for (let index = 0; index < text.length; index += 1) {
        const [before, after] = [text[index], code[index]];
        expect(after === before || (after === ' ' && before !== '\n')).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

it('a port is found where it stands', () => {
  const search = searchFor({ numbers: new Set([20_010]), variables: new Set(['PORT']) });
  fc.assert(
    fc.property(files, texts, (path, text) => {
      for (const { port, text: written, at } of search(path, { file: path, text })) {
        const line = text.split('\n')[at.line - 1] ?? '';
        expect(line.slice(at.column - 1).startsWith(written.split('\n')[0] ?? '')).toBe(true);
        expect(written).toContain(String(port));
      }
    }),
    { numRuns: 500 },
  );
});

it('any text can be read as anything', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const source = { file: 'f', text };
      readComposeFile(source);
      readDevcontainer(source);
      readDockerfile(source);
      readPackageScripts(source);
      readTurboConfig(source)?.passes(text, [text]);
      for (const words of splitCommands(text)) portFlagIn(words);
      looksLikeSecret(text, text);
    }),
    { numRuns: 500 },
  );
});
