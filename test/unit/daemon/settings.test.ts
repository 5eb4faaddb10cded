/** What `config.yaml` and the variable say of the front's port. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { readFrontSettings } from '../../../src/daemon/settings.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-settings-'));
  path = join(folder, 'config.yaml');
});

afterEach(() => rmSync(folder, { recursive: true }));

const read = (text: string): ReturnType<typeof readFrontSettings> => {
  writeFileSync(path, text);
  return readFrontSettings(path, {});
};

it.each([
  ['httpPort: 80\n', 80],
  ['httpPort: 0', 0],
  ['httpPort: 65535', 65_535],
  ['', undefined],
  ['# nothing yet\n', undefined],
  ['~\n', undefined],
  ['null', undefined],
  ['{}', undefined],
])('the file %j says %s', async (text, file) => {
  expect(await read(text)).toEqual({ variable: undefined, file });
});

it.each([
  ['80', '1:1 the settings are a map'],
  ['[80]', '1:1 the settings are a map'],
  ['\nport: 80\n', '2:1 there is no setting "port"'],
  ['[a]: 80\n', '1:1 there is no setting "that is no word"'],
  ['httpPort: 65536', '1:11 httpPort is a number from 0 to 65535'],
  ['httpPort: -1', '1:11 httpPort is a number'],
  ['httpPort: 1.5', '1:11 httpPort is a number'],
  ['httpPort: "80"', '1:11 httpPort is a number'],
  ['httpPort: [80]', '1:11 httpPort is a number'],
  ['httpPort: 80\nhttpPort: 81', '2:1 '],
  ['httpPort: "80', '1:14 '],
])('the file %j is refused with the place', async (text, said) => {
  await expect(read(text)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining(`${path}:${said}`),
  });
});

it('no file says nothing, and one that cannot be read is told', async () => {
  expect(await readFrontSettings(path, {})).toEqual({ variable: undefined, file: undefined });
  mkdirSync(path);
  await expect(readFrontSettings(path, {})).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining(`cannot read ${path}: it is a folder`),
  });
});

it.each([
  ['', undefined],
  ['0', 0],
  ['8080', 8_080],
  ['65535', 65_535],
])('the variable %j says %s', async (text, variable) => {
  expect(await readFrontSettings(path, { PORTRAMP_HTTP_PORT: text })).toMatchObject({ variable });
});

it.each(['65536', '-1', '8e3', ' 80', 'http'])('the variable %j is refused', async (text) => {
  await expect(readFrontSettings(path, { PORTRAMP_HTTP_PORT: text })).rejects.toMatchObject({
    code: 'USAGE',
  });
});
