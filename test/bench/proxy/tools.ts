import { askVersion } from './workshop.ts';

/** What a measurement cannot do without: program, a word that asks for its version, Debian package. */
const TOOLS = [
  ['taskset', '--version', 'util-linux'],
  ['setpriv', '--version', 'util-linux'],
  ['chrt', '--version', 'util-linux'],
  ['wrk', '--version', 'wrk'],
  ['h2load', '--version', 'nghttp2-client'],
  ['nginx', '-v', 'nginx-light'],
] as const;

/** @throws Error that says what to install. */
export async function checkTools(): Promise<void> {
  // Where Debian has nginx and haproxy, and a normal user does not look.
  process.env['PATH'] += ':/usr/local/sbin:/usr/sbin';
  if (process.platform !== 'linux') throw new Error('this benchmark pins processes to cores: Linux only');
  const missing = [];
  for (const [program, word, name] of TOOLS) {
    if ((await askVersion(program, word)) === undefined) missing.push({ program, name });
  }
  if (missing.length === 0) return;
  const programs = missing.map(({ program }) => program).join(', ');
  const names = [...new Set(missing.map(({ name }) => name))].join(' ');
  throw new Error(`not found: ${programs}; apt-get install ${names}`);
}
