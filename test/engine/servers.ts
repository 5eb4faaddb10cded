/** An image of this machine's own PostgreSQL and Redis: with what they load, and busybox. Needs no registry. */
import { execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { copyInto, librariesOf, which, type Engine } from './engine.ts';

const run = promisify(execFile);

export const SERVERS = 'portramp/servers:1';

const POSTGRES = '/usr/lib/postgresql';

export interface Servers {
  /** What one statement answers, rows without ornament. @param url Of the database. */
  readonly sql: (url: string, statement: string) => Promise<string>;
  readonly redis: (url: string, ...words: string[]) => Promise<string>;
}

/** Undefined where they are not installed; then the reason has been printed. */
export async function importServers({ docker }: Engine): Promise<Servers | undefined> {
  const [version] = existsSync(POSTGRES) ? readdirSync(POSTGRES).toSorted().toReversed() : [];
  const programs = join(POSTGRES, version ?? '', 'bin');
  if (version === undefined || !existsSync(join(programs, 'initdb'))) {
    console.log('skipped: postgresql is not installed');
    return undefined;
  }
  if (!existsSync('/usr/bin/redis-server')) {
    console.log('skipped: redis-server is not installed');
    return undefined;
  }
  if ((await docker('images', '-q', SERVERS)) === '') await importImage(docker, version, programs);
  const ask = async (program: string, words: readonly string[]): Promise<string> =>
    (await run(program, words, { timeout: 30_000 })).stdout.trim();
  return {
    sql: (url, statement) => ask(join(programs, 'psql'), ['-XqAtc', statement, url]),
    redis: (url, ...words) => ask('redis-cli', ['-u', url, ...words]),
  };
}

async function importImage(docker: Engine['docker'], version: string, programs: string): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'portramp-servers-'));
  try {
    for (const folder of ['bin', 'tmp', 'etc', 'data']) mkdirSync(join(root, folder));
    // Neither of them runs as root.
    chmodSync(root, 0o755);
    for (const folder of ['tmp', 'data']) chmodSync(join(root, folder), 0o777);
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nserver:x:999:999::/:/bin/sh\n');
    copyInto(root, which('busybox'), '/bin/busybox');
    for (const applet of ['sh', 'echo', 'test']) symlinkSync('busybox', join(root, 'bin', applet));
    const modules = ['dict_snowball.so', 'plpgsql.so'].map((name) => join(POSTGRES, version, 'lib', name));
    const own = ['postgres', 'initdb'].map((name) => join(programs, name));
    const all = [...own, ...modules, which('redis-server')];
    for (const file of [...all, ...new Set(all.flatMap(librariesOf))]) copyInto(root, file, file);
    cpSync(`/usr/share/postgresql/${version}`, join(root, `usr/share/postgresql/${version}`), {
      recursive: true,
      filter: (path) => !path.endsWith('/man') && (!path.includes('/extension/') || path.includes('plpgsql')),
    });
    const archive = `${root}.tar`;
    await run('tar', ['-C', root, '-cf', archive, '.']);
    await docker('import', '-c', `ENV PATH=/bin:/usr/bin:${programs}`, archive, SERVERS);
    rmSync(archive);
  } finally {
    rmSync(root, { recursive: true });
  }
}
