/** Requests of many kinds to one service, through the front. */
import http from 'node:http';

export interface Requests {
  readonly sent: number;
  /** Answered with something else than 200, or not at all. */
  readonly failed: number;
  send(count: number): Promise<void>;
  /** Closes what is kept open. */
  rest(): void;
}

/** At once. */
const WIDTH = 16;

/** Every so many-th request has a connection of its own, or is given up by its client. */
const OWN_CONNECTION = 20;
const GIVEN_UP = 51;

export function createRequests(url: URL): Requests {
  const agent = new http.Agent({ keepAlive: true, maxSockets: WIDTH });
  let [sent, failed] = [0, 0];

  const one = (number: number): Promise<void> =>
    new Promise((resolve) => {
      const isGivenUp = number % GIVEN_UP === 0;
      const request = http.get(
        {
          host: '127.0.0.1',
          port: url.port,
          path: '/healthz',
          headers: { host: url.host },
          agent: number % OWN_CONNECTION === 0 ? false : agent,
        },
        (response) => {
          if (response.statusCode !== 200) failed += 1;
          response.resume();
          response.once('close', resolve);
          if (isGivenUp) request.destroy();
        },
      );
      request.once('error', () => {
        if (!isGivenUp) failed += 1;
        resolve();
      });
    });

  return {
    get sent() {
      return sent;
    },
    get failed() {
      return failed;
    },
    send: async (count) => {
      let left = count;
      const worker = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          sent += 1;
          await one(sent);
        }
      };
      await Promise.all(Array.from({ length: WIDTH }, worker));
    },
    rest: () => agent.destroy(),
  };
}
