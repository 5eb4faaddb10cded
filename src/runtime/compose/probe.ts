/**
 * Does something answer behind a published port? A connection proves nothing: the engine's own proxy accepts it for a
 * container that does not listen yet, and closes it again. So well-known servers are spoken to in their own words,
 * and of all others the connection has to last.
 */
import { connect } from 'node:net';

import { errnoOf, messageOf } from '../../lib/errors.ts';

/** What to say first, and whether the answer is one; a server that speaks first is only listened to. */
interface Dialogue {
  readonly hello?: Buffer;
  readonly isAnswer: (bytes: Buffer) => boolean;
}

const DIALOGUES: Readonly<Record<string, Dialogue>> = {
  // SSLRequest; the answer is S or N (PostgreSQL: Message Formats).
  postgres: {
    hello: Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]),
    isAnswer: (bytes) => bytes[0] === 0x53 || bytes[0] === 0x4e,
  },
  redis: {
    hello: Buffer.from('PING\r\n'),
    isAnswer: (bytes) => /^[+-](?!LOADING)/.test(bytes.toString('latin1')),
  },
  // The server's handshake: protocol version 10 after a header of four bytes. 255 is an error, such as "too many".
  mysql: { isAnswer: (bytes) => bytes[4] === 10 },
  http: {
    hello: Buffer.from('GET / HTTP/1.0\r\n\r\n'),
    isAnswer: (bytes) => bytes.toString('latin1').startsWith('HTTP/'),
  },
};

const IMAGES: readonly (readonly [RegExp, keyof typeof DIALOGUES])[] = [
  [/(^|\/)(postgres|postgis|pgvector|timescaledb)/, 'postgres'],
  [/(^|\/)(redis|valkey|keydb)/, 'redis'],
  [/(^|\/)(mysql|mariadb|percona)/, 'mysql'],
];

export interface ContainerProbe {
  /** On loopback. */
  readonly port: number;
  readonly image: string | undefined;
  readonly isHttp: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** How long a connection has to last where nothing is known of what is spoken (milliseconds). */
const LASTING = 300;

/** Undefined when all is well, else what is not. */
export function probeContainer({
  port,
  image,
  isHttp,
  timeout,
  signal,
}: ContainerProbe): Promise<string | undefined> {
  const known = IMAGES.find(([pattern]) => pattern.test(image ?? ''))?.[1] ?? (isHttp ? 'http' : undefined);
  const dialogue = known === undefined ? undefined : DIALOGUES[known];
  return new Promise((settle) => {
    // Not as an option of the socket: its listener would stay on the signal after every probe.
    const socket = connect({ host: '127.0.0.1', port });
    const abort = (): void => end('the look was ended');
    signal.addEventListener('abort', abort, { once: true });
    let timer: NodeJS.Timeout | undefined;
    const end = (problem: string | undefined): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.destroy();
      settle(problem);
    };
    socket.setTimeout(timeout, () => end(`no answer within ${timeout} ms`));
    socket.once('connect', () => {
      if (dialogue?.hello !== undefined) socket.write(dialogue.hello);
      if (dialogue === undefined) timer = setTimeout(() => end(undefined), LASTING);
    });
    socket.once('data', (bytes) => {
      const isFine = dialogue === undefined || dialogue.isAnswer(bytes);
      end(isFine ? undefined : `answers, but not as ${String(known)} does`);
    });
    socket.once('close', () => end('nothing listens in the container yet'));
    socket.once('error', (error) =>
      end(errnoOf(error) === 'ECONNREFUSED' ? 'connection refused' : messageOf(error)),
    );
  });
}
