/** `why` tells what the front saw of the answers of a service. */
import { stripVTControlCharacters } from 'node:util';

import { expect, it } from 'vitest';

import { renderExplanation } from '../../../src/cli/render/why.ts';
import { explainService } from '../../../src/cli/why/explain.ts';
import type { PublishedService, RunningStack } from '../../../src/protocol/messages.ts';

function why(service: Partial<PublishedService>): { readonly reason?: string; readonly text: string } {
  const stack: RunningStack = {
    root: '/shop',
    environment: 'local',
    workspace: 'shop',
    workspaceId: 'shop',
    main: true,
    slug: 'shop',
    ident: 'shop',
    index: 0,
    pid: 1,
    services: [{ name: 'pay', kind: 'process', state: 'ready', restarts: 0, ports: [], ...service }],
  };
  const facts = { stacks: [stack], details: new Map(), front: 80 };
  const explanation = explainService(facts, stack, 'pay', new Map());
  return {
    ...explanation,
    text: stripVTControlCharacters(renderExplanation({ kind: 'service', ...explanation })),
  };
}

it('of an external one: why it did not answer, and what to write about its certificate', () => {
  const failed = { message: 'self-signed certificate', ago: 1_500 };
  const { reason, text } = why({ kind: 'external', state: 'external', answers: { failed } });
  expect(reason).toBe('it did not answer: self-signed certificate');
  expect(text).toContain('services.pay.tls: { ca: FILE.pem }');
  expect(text).toContain('a request was not answered 1.5 s ago');
});

it('of one that is well: which lines of its response were left out', () => {
  const { reason, text } = why({ answers: { dropped: '"a b" (not a field name)' } });
  expect(reason).toBeUndefined();
  expect(text).toContain('x-portramp-dropped): "a b" (not a field name)');
});

it('of an external one that answers: nothing', () => {
  expect(why({ kind: 'external', state: 'external' }).reason).toBeUndefined();
});
