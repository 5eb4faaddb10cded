import { expect, it } from 'vitest';

import { chooseEngine } from '../../../src/proxy/engine/choose.ts';

it('is wire unless another is named', () => {
  expect([undefined, '', 'wire', 'http-proxy'].map((name) => chooseEngine(name).name)).toEqual([
    'wire',
    'wire',
    'wire',
    'http-proxy',
  ]);
  expect(() => chooseEngine('nginx')).toThrow(/PORTRAMP_ENGINE is "nginx"/);
});
