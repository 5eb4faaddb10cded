/** Ports that a command line fixes, whatever the environment says. */
import { withoutPrefixes } from '../plan/scripts.ts';

const PORT_FLAG = /^--?(?:(?:https?|server|web|dev|app|serve|listen)[-.])?port$/i;
const ADDRESS_FLAG = /^(?:-l|-b|-S|--listen|--bind|--addr|--address|--listen-address|--http)$/;
const NUMBER = /^\d{1,5}$/;
const ADDRESS = /^(?:[\w.*[\]:-]*:)?(\d{1,5})$/;

/** Programs whose `-p` is something else, or somebody else's port. */
const OTHER_MEANING = new Set(
  'mkdir cp docker podman ssh scp rsync psql pg_isready createdb pg_dump mysql redis-cli git tar ps tsc nc curl wget'.split(
    ' ',
  ),
);

/** The flag as written, such as `--port 3000`; undefined where the command leaves the port open. */
export function portFlagIn(words: readonly string[]): string | undefined {
  const program = withoutPrefixes(words);
  const assignment = words.find((word) => /^PORT=\d{1,5}$/.test(word));
  if (assignment !== undefined) return assignment;
  const name = (program[0] ?? '').replace(/^.*[\\/]/, '');
  if (OTHER_MEANING.has(name)) return undefined;
  for (let index = 1; index < program.length; index += 1) {
    const [word = '', next = ''] = program.slice(index);
    const [flag = '', value] = word.split(/=(.*)/s);
    if (PORT_FLAG.test(flag) || (flag === '-p' && value === undefined)) {
      if (NUMBER.test(value ?? next)) return value === undefined ? `${word} ${next}` : word;
    } else if (ADDRESS_FLAG.test(flag)) {
      if (ADDRESS.test(value ?? next)) return value === undefined ? `${word} ${next}` : word;
    } else if (/^-p\d{2,5}$/.test(word)) return word;
    else if (word === 'http.server' && NUMBER.test(next)) return `${word} ${next}`;
  }
  return undefined;
}
