/** Ports that went and may come back. */
import { expect, it } from 'vitest';

import { createRestarts } from '../../../src/front/restarts.ts';
import type { FrontStack, RouteState } from '../../../src/front/table.ts';

const LIVE: RouteState = { state: 'live', targets: [{ protocol: 'http', host: '127.0.0.1', port: 1 }] };
const WARMING: RouteState = { state: 'warming' };

const stackWith = (route: RouteState): FrontStack => ({
  slug: 'shop',
  key: 'k',
  label: 'shop',
  routes: [{ host: 'api.localhost', service: 'api', port: 'http', route }],
});

it('a port is waited for from when it went until it is back, if it was there and is still known', () => {
  const restarts = createRestarts();
  const until = (): number | undefined => {
    const stack = stackWith(WARMING);
    const [route] = stack.routes;
    return route === undefined ? undefined : restarts.until({ stack, route });
  };
  restarts.learn([stackWith(WARMING)], 5);
  expect(until()).toBeUndefined();
  restarts.learn([stackWith(LIVE)], 10);
  expect(until()).toBeUndefined();
  restarts.learn([stackWith(WARMING)], 20);
  restarts.learn([stackWith(WARMING)], 30);
  expect(until()).toBe(10_020);
  restarts.learn([stackWith(LIVE)], 40);
  expect(until()).toBeUndefined();
  restarts.learn([stackWith(WARMING)], 50);
  expect(until()).toBe(10_050);
  restarts.learn([], 60);
  restarts.learn([stackWith(WARMING)], 70);
  expect(until()).toBeUndefined();
  restarts.learn([stackWith(LIVE)], 80);
  restarts.learn([], 90);
  restarts.learn([stackWith(WARMING)], 100);
  expect(until()).toBeUndefined();
});

it('what is ready by its own word is waited for from then on, and no longer', () => {
  const restarts = createRestarts();
  const route: RouteState = { state: 'warming', probed: true };
  const stack = stackWith(route);
  const [own] = stack.routes;
  const until = (): number | undefined => own && restarts.until({ stack, route: own });
  restarts.learn([stack], 10);
  restarts.learn([stack], 9_000);
  expect(until()).toBe(10_010);
});
