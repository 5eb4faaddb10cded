import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { format } from 'prettier';
import { expect, it } from 'vitest';

import { jsonReply, REPLIES } from '../../../src/proxy/replies.ts';

const SRC = join(import.meta.dirname, '../../../src');
const README = join(SRC, 'front/README.md');

/** `UPDATE_README=1 npx vitest …` writes the table anew. */
it('is what the README says', async () => {
  const rows = Object.entries(REPLIES).map(
    ([code, { status, meaning }]) => `| ${status} | \`${code}\` | ${meaning} |`,
  );
  const table = ['| status | code | when |', '| --- | --- | --- |', ...rows].join('\n');
  const expected = (await format(table, { parser: 'markdown' })).trim();
  const readme = readFileSync(README, 'utf8');
  const [before = '', rest = ''] = readme.split('<!-- replies -->');
  const [found = '', after = ''] = rest.split('<!-- /replies -->');
  if (process.env['UPDATE_README']) {
    writeFileSync(README, `${before}<!-- replies -->\n\n${expected}\n\n<!-- /replies -->${after}`);
  } else expect(found.trim()).toBe(expected);
});

it('has no answer that nobody gives', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /^(?:front|stack[/\\]ramp|proxy[/\\]engine)[/\\].*\.ts$/.test(file),
  );
  const text = files.map((file) => readFileSync(join(SRC, file), 'utf8')).join('\n');
  expect(Object.keys(REPLIES).filter((code) => !text.includes(`'${code}'`))).toEqual([]);
});

it('leaves out what there is not to say, and marks itself', () => {
  expect(jsonReply('SERVICE_STARTING', { message: 'soon', retryAfter: 1 })).toEqual({
    status: 503,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'retry-after': '1',
      'x-portramp': 'service-starting',
    },
    body: '{"error":"SERVICE_STARTING","message":"soon"}\n',
  });
});
