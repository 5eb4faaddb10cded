import { describe, expect, it } from 'vitest';

import { createMemory } from '../../../src/ports/pass.ts';

const listenerOf = (id: string) => ({ id, port: 80, address: '127.0.0.1' });
const claimOf = (marker: string) => ({
  instance: { pid: 1, startTime: '1', marker },
  label: marker,
  ports: [],
});

describe('what a pass leaves to the next', () => {
  it('is forgotten with the sockets and instances that it is about', () => {
    const memory = createMemory();
    for (const id of ['one', 'two']) memory.holders.set(id, [7]);
    memory.proved.set('a', new Set(['one', 'two']));
    memory.foreign.set('b', new Set(['two']));
    memory.recorded.set('b', new Map([[7, '1']]));
    memory.keepSockets([listenerOf('one')]);
    expect([...memory.holders.keys()]).toEqual(['one']);
    expect([...(memory.proved.get('a') ?? [])]).toEqual(['one']);
    expect(memory.foreign.get('b')?.size).toBe(0);
    memory.keepOnly([claimOf('a')]);
    expect([memory.proved.size, memory.foreign.size, memory.recorded.size]).toEqual([1, 0, 0]);
  });
});
