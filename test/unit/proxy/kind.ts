import type { Kind } from '../../../src/proxy/pool-proven.ts';

/** Reads a kind of exchange that is written as `GET 200 /path`. */
export function kindOf(words: string): Kind {
  const [method = '', status = '', path = ''] = words.split(' ');
  return { method, status: Number(status), path };
}
