/** Does what is said of files that cannot be used, with a shell where it is a command, and sees that it helps. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { loadCertificates } from '../../../src/contract/certificates.ts';
import { parseEnvFile } from '../../../src/contract/dotenv.ts';
import { loadContract } from '../../../src/contract/load.ts';
import { keepFrontNumber, readFrontNumber } from '../../../src/daemon/front-store.ts';
import { LEDGER_VERSION } from '../../../src/ports/ledger.ts';
import { openLedger } from '../../../src/ports/ledger-file.ts';
import { read } from '../contract/read.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-cures-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Types a command as a shell takes it. */
const type = (command: string): Buffer => execFileSync('sh', ['-c', command], { cwd: folder, stdio: 'pipe' });

describe('a contract', () => {
  const rows: [hint: string, make: (path: string) => void][] = [
    ['is it the right file?', (path) => (writeFileSync(path, ''), truncateSync(path, 2 ** 30))],
    [
      'a contract is YAML or JSON in UTF-8',
      (path) => writeFileSync(path, Buffer.from([0xff, 0xfe, 0x41, 0])),
    ],
    ['a contract is a file that you can read', (path) => mkdirSync(path)],
  ];

  it.each(rows)('"%s": is read when it is', async (hint, make) => {
    const path = join(folder, 'portramp.yaml');
    const look = async () => (await loadContract(folder, { personal: false })).diagnostics;
    make(path);
    expect(await look()).toMatchObject([{ code: 'PR001', hint }]);
    rmSync(path, { recursive: true });
    writeFileSync(path, 'version: 1\nworkspace: shop\nservices:\n  api: { command: run }\n');
    expect(await look()).toEqual([]);
  });
});

describe('the certificate of an authority', () => {
  it('is read from the file that holds it', async () => {
    writeFileSync(join(folder, 'key.pem'), '-----BEGIN PRIVATE KEY-----\n');
    writeFileSync(join(folder, 'rootCA.pem'), '-----BEGIN CERTIFICATE-----\n');
    const look = async (ca: string) =>
      (
        await loadCertificates(
          folder,
          read(`services:\n  away: { external: "https://example.com", tls: { ca: ${ca} } }\n`),
        )
      ).diagnostics;
    expect(await look('key.pem')).toMatchObject([
      { hint: expect.stringMatching(/^name the file of the authority: for mkcert, rootCA\.pem/) as string },
    ]);
    expect(await look('rootCA.pem')).toEqual([]);
  });
});

describe('an env file', () => {
  it('is read when iconv has made UTF-8 of it', () => {
    const path = join(folder, '.env');
    writeFileSync(path, Buffer.from('NAME=Zoë\n', 'latin1'));
    const [problem] = parseEnvFile(readFileSync(path)).problems;
    const [, command = ''] = /^write it as UTF-8: (iconv .+)$/.exec(problem?.hint ?? '') ?? [];
    type(command.replaceAll('FILE', '.env'));
    expect(parseEnvFile(readFileSync(path))).toMatchObject({ values: { NAME: 'Zoë' }, problems: [] });
  });
});

describe('a file of the state', () => {
  it('of a newer portramp is in nobody’s way in another folder', async () => {
    const path = join(folder, 'ledger.json');
    writeFileSync(path, JSON.stringify({ version: LEDGER_VERSION + 1 }));
    await expect(openLedger(path)).rejects.toMatchObject({
      hint: 'use the newer portramp, or another PORTRAMP_HOME',
    });
    mkdirSync(join(folder, 'another'));
    expect(await openLedger(join(folder, 'another/ledger.json'))).toMatchObject({ problem: undefined });
  });

  it('with the port of the front can be kept again when what cannot be read is moved away', async () => {
    const path = join(folder, 'front.json');
    mkdirSync(path);
    const error: unknown = await readFrontNumber(path).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'STATE_FOLDER' });
    const hint = error instanceof Error && 'hint' in error ? String(error.hint) : '';
    const [, command = ''] = /^the front keeps its port .* when it is moved away: (mv .+)$/.exec(hint) ?? [];
    type(command);
    expect(existsSync(`${path}.aside`)).toBe(true);
    expect(await readFrontNumber(path)).toEqual({ number: undefined, problem: undefined });
    await keepFrontNumber(path, { http: 7267, moves: 1 });
    expect(await readFrontNumber(path)).toMatchObject({ number: { http: 7267 } });
  });
});
