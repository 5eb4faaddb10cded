/** What goes on where something is wrong is said as it is. */
import { expect, it } from 'vitest';

import { describeRest } from '../../../src/cli/render/rest.ts';
import type { PublishedService } from '../../../src/protocol/messages.ts';

type State = PublishedService['state'];

const service = (state: State, status?: string): PublishedService => ({
  name: 'api',
  kind: 'process',
  state,
  ...(status === undefined ? {} : { status }),
  restarts: 0,
  ports: [],
});

it.each<[string, [State, string?][]]>([
  ['the rest goes on starting', [['failed'], ['warming']]],
  ['the rest goes on starting', [['failed'], ['waiting']]],
  ['the rest keeps running', [['failed'], ['ready']]],
  [
    'the rest keeps running',
    [
      ['warming', 'misplaced'],
      ['warming', 'running'],
    ],
  ],
  ['nothing runs now, and the stack waits for an edit', [['failed']]],
  [
    'nothing runs now, and the stack waits for an edit',
    [['failed'], ['failed'], ['idle'], ['done'], ['external']],
  ],
  ['it keeps running, and the stack waits for an edit', [['unwell'], ['idle']]],
])('%s: %j', (text, states) => {
  expect(describeRest(states.map(([state, status]) => service(state, status)))).toBe(text);
});
