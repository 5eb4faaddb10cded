import { expect, it } from 'vitest';

import { createFollowers, type FollowerPeer, type Followers } from '../../../src/daemon/followers.ts';
import type { RequestEvent } from '../../../src/front/observe.ts';
import { Emitter } from '../../../src/lib/emitter.ts';
import { keyText } from '../../../src/ports/ledger.ts';
import type { NoticeParams } from '../../../src/protocol/messages.ts';
import { createManualClock, type ManualClock } from '../manual-clock.ts';

type News = NoticeParams<'requests'>;

interface Scene {
  readonly clock: ManualClock;
  readonly requests: Emitter<RequestEvent>;
  readonly followers: Followers;
  readonly peer: FollowerPeer & { unsent: number };
  readonly news: News[];
}

function createScene(): Scene {
  const clock = createManualClock();
  const requests = new Emitter<RequestEvent>();
  const news: News[] = [];
  const peer = { unsent: 0, notify: (_: string, params: unknown) => void news.push(params as News) };
  return { clock, requests, followers: createFollowers({ requests, clock }), peer, news };
}

const shop = { root: '/src/shop', environment: 'dev' };
const event = (path: string, more: Partial<RequestEvent> = {}): RequestEvent => ({
  time: 0,
  method: 'GET',
  host: 'api.localhost',
  path,
  status: 200,
  bytes: 1,
  complete: true,
  duration: 1,
  held: 0,
  stack: { key: keyText(shop), slug: 'shop' },
  service: 'api',
  ...more,
});
const pathsOf = (news: readonly News[]): string[][] =>
  news.map(({ requests }) => requests.map(({ path }) => path));

it('are told together, after a moment, with the slug of the stack', async () => {
  const { clock, requests, followers, peer, news } = createScene();
  followers.follow(peer, {});
  requests.emit(event('/1'));
  requests.emit(event('/2'));
  expect(news).toEqual([]);
  await clock.advance(50);
  requests.emit(event('/3'));
  await clock.advance(50);
  expect(pathsOf(news)).toEqual([['/1', '/2'], ['/3']]);
  expect(news[0]?.requests[0]).toMatchObject({ stack: 'shop', service: 'api', status: 200 });
  followers.close();
  expect(clock.waiting).toBe(0);
});

it('are told of what they asked for', async () => {
  const { clock, requests, followers, peer, news } = createScene();
  followers.follow(peer, { stack: shop, services: ['web'] });
  requests.emit(event('/api'));
  requests.emit(event('/web', { service: 'web' }));
  requests.emit(event('/other', { service: 'web', stack: { key: 'other', slug: 'other' } }));
  requests.emit(event('/nowhere', { service: undefined, stack: undefined }));
  await clock.advance(50);
  expect(pathsOf(news)).toEqual([['/web']]);
  followers.close();
});

it('follow one thing at a time, and cost nothing when they are gone', async () => {
  const { clock, requests, followers, peer, news } = createScene();
  expect(requests.size).toBe(0);
  followers.follow(peer, { services: ['web'] });
  followers.follow(peer, { services: ['api'] });
  expect(requests.size).toBe(1);
  requests.emit(event('/api'));
  requests.emit(event('/web', { service: 'web' }));
  await clock.advance(50);
  expect(pathsOf(news)).toEqual([['/api']]);
  requests.emit(event('/late'));
  followers.drop(peer);
  expect(requests.size).toBe(0);
  expect(clock.waiting).toBe(0);
});

it('lose what is too much at once, and are told how much', async () => {
  const { clock, requests, followers, peer, news } = createScene();
  followers.follow(peer, {});
  for (let count = 0; count < 700; count += 1) requests.emit(event(`/${count}`));
  await clock.advance(50);
  expect(news[0]?.requests).toHaveLength(500);
  expect(news[0]?.missed).toBe(200);
  requests.emit(event('/next'));
  await clock.advance(50);
  expect(news[1]).toMatchObject({ missed: 0, requests: [{ path: '/next' }] });
  followers.close();
});

it('that do not read get nothing more until they do, and are told what they lost', async () => {
  const { clock, requests, followers, peer, news } = createScene();
  followers.follow(peer, {});
  peer.unsent = 300 * 1024;
  for (let round = 0; round < 10; round += 1) {
    requests.emit(event(`/${round}`));
    await clock.advance(50);
  }
  expect(news).toEqual([]);
  peer.unsent = 0;
  await clock.advance(50);
  expect(news).toEqual([{ requests: [], missed: 10 }]);
  expect(clock.waiting).toBe(0);
  followers.close();
});
