/** Clients that keep a service busy, and count what went wrong. */
import http from 'node:http';

export interface Load {
  /** Requests that were answered as they should be, so far. */
  readonly answered: number;
  readonly failures: readonly string[];
  /** Which version answered whom, in the order of the answers: when the request was made, and by whom it was answered. */
  readonly answers: readonly Answered[];
  /** Resolves after `count` more answers. */
  more(count: number): Promise<void>;
  stop(): Promise<void>;
}

export interface Answered {
  readonly asked: number;
  readonly took: number;
  readonly version: string;
  readonly pid: number;
}

export interface LoadOptions {
  readonly port: number;
  /** Absent: the address. */
  readonly host?: string;
  readonly clients: number;
  readonly path?: string;
}

/** Each client has one kept-alive connection, and asks again as soon as it is answered. */
export function startLoad({ port, host, clients, path = '/' }: LoadOptions): Load {
  const agent = new http.Agent({ keepAlive: true, maxSockets: clients });
  const failures: string[] = [];
  const answers: Answered[] = [];
  const waiting = new Set<() => void>();
  let stopped = false;
  const ask = (): Promise<void> =>
    new Promise((resolve) => {
      const asked = performance.now();
      const fail = (why: string): void => {
        failures.push(why);
        resolve();
      };
      const request = http.get(
        { host: '127.0.0.1', port, path, agent, headers: host === undefined ? {} : { host } },
        (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
          response.on('error', (error) => fail(`broken off: ${error.message}`));
          response.on('end', () => {
            if (response.statusCode !== 200) return fail(`${response.statusCode} ${body}`);
            const { version, pid } = JSON.parse(body) as { version: string; pid: number };
            answers.push({ asked, took: performance.now() - asked, version, pid });
            for (const look of waiting) look();
            resolve();
          });
        },
      );
      request.on('error', (error: NodeJS.ErrnoException) => fail(`${error.code}: ${error.message}`));
    });
  const run = async (): Promise<void> => {
    while (!stopped && failures.length < 100) await ask();
  };
  const runs = Array.from({ length: clients }, run);
  return {
    get answered() {
      return answers.length;
    },
    failures,
    answers,
    more: (count) =>
      new Promise((resolve) => {
        const until = answers.length + count;
        const look = (): void => {
          if (answers.length < until && failures.length < 100) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    stop: async () => {
      stopped = true;
      await Promise.all(runs);
      agent.destroy();
    },
  };
}
