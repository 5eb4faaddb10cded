/** A front on a free port, with backends behind it. Everything is closed after each test. */
import { createServer, type RequestListener, type Server } from 'node:http';

import { createFront, type Front, type FrontOptions } from '../../../src/front/front.ts';
import type { FrontRoute, FrontStack, RouteState } from '../../../src/front/table.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { chooseEngine } from '../../../src/proxy/engine/choose.ts';
import { ask, closeHttp, listenOn, portOf, type Answer, type Ask } from '../proxy/scene.ts';

export interface Scene {
  readonly front: Front;
  readonly port: number;
  readonly log: string[];
  /** A backend that answers with its name, or as it is told. */
  backend(answer: string | RequestListener): Promise<RouteState>;
  ask(host: string, options?: Ask): Promise<Answer>;
  close(): Promise<void>;
}

export async function createScene(options: Partial<FrontOptions> = {}): Promise<Scene> {
  const log: string[] = [];
  const backends: Server[] = [];
  const front = createFront({
    engine: await chooseEngine(process.env['PORTRAMP_ENGINE']),
    clock: systemClock,
    log: (line) => log.push(line),
    ...options,
  });
  const port = await front.listen(0);
  return {
    front,
    port,
    log,
    backend: async (answer) => {
      const listener: RequestListener = typeof answer === 'string' ? (_, res) => res.end(answer) : answer;
      const server = createServer(listener);
      await listenOn(server, '127.0.0.1', 0);
      backends.push(server);
      return live(portOf(server));
    },
    ask: (host, more = {}) => ask(port, { ...more, headers: { host, ...more.headers } }),
    close: async () => {
      await front.close(0);
      for (const server of backends) await closeHttp(server);
    },
  };
}

export const live = (port: number): RouteState => ({
  state: 'live',
  targets: [{ protocol: 'http', host: '127.0.0.1', port }],
});

/** The routes of a main checkout: each service under its long and its short name. */
export function stackOf(slug: string, services: Record<string, RouteState>): FrontStack {
  const routes = Object.entries(services).flatMap(([service, route]): FrontRoute[] => {
    const canonical = `${service}.${slug}.localhost`;
    const shared = { service, port: 'http', route };
    return [
      { host: canonical, ...shared },
      { host: `${service}.localhost`, canonical, ...shared },
    ];
  });
  return { slug, key: `key of ${slug}`, label: slug, routes };
}

/** What a browser sends when somebody types an address. */
export const NAVIGATION = {
  accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
};
