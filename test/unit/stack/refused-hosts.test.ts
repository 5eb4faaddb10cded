import { expect, it } from 'vitest';

import { createRefusalTeller } from '../../../src/stack/refused-hosts.ts';

const front = { http: 80 };
const holders = { shop: { root: '/src/shop', running: false }, blog: { root: '/src/blog', running: true } };

it('names each holder once, and again when something else is refused', () => {
  const tell = createRefusalTeller();
  const refusedHosts = { 'api.localhost': 'shop', 'web.localhost': 'shop', 'a.example.com': 'blog' };
  expect(tell({ front, refusedHosts, holders })).toEqual([
    'api.localhost, web.localhost lead to the stack shop in /src/shop, not here: it does not run, and keeps its names until "portramp clean shop" or its checkout is gone',
    'a.example.com leads to the stack blog in /src/blog, not here: "portramp why a.example.com" says more',
  ]);
  expect(tell({ front, refusedHosts, holders })).toEqual([]);
  expect(tell({ front, refusedHosts: { ...refusedHosts, 'b.localhost': 'portramp' } })).toEqual([
    'b.localhost leads to the stack portramp, not here',
  ]);
  expect(tell({ front, refusedHosts: {} })).toEqual([]);
  expect(tell({ front, refusedHosts, holders })).toHaveLength(2);
});

it('says nothing of a short name that a running stack has, and whose it was that is borrowed', () => {
  const tell = createRefusalTeller();
  expect(
    tell({ front, refusedHosts: { 'web.localhost': 'blog', 'w.example.com': 'blog' }, holders }),
  ).toEqual([
    'w.example.com leads to the stack blog in /src/blog, not here: "portramp why w.example.com" says more',
  ]);
  const borrowedHosts = { 'api.localhost': 'shop', 'web.localhost': 'shop' };
  expect(tell({ front, refusedHosts: {}, borrowedHosts, holders })).toEqual([
    'api.localhost, web.localhost lead here now: the stack shop in /src/shop, which had it, does not run',
  ]);
  expect(tell({ front, refusedHosts: {}, holders })).toEqual([]);
});
