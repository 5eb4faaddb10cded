import { describe, expect, it } from 'vitest';

import { trackRemains } from '../../../../src/runtime/process/remains.ts';
import { entry, pidsOf, tableOf } from './machine.ts';

const leader = { pid: 10, startTime: 'started 10' };

describe('what is left of an instance', () => {
  it('is its group, its descendants and who carries its marker', () => {
    const found = trackRemains(leader, 'run.api.1').look(
      tableOf(
        entry(10),
        entry(11, { ppid: 10, pgrp: 10 }),
        entry(12, { ppid: 11 }),
        entry(13, { markers: ['run.api.1'] }),
        entry(14, { ppid: 13 }),
        entry(15, { markers: ['run.api.2'] }),
      ),
    );
    expect(pidsOf(found)).toEqual([10, 11, 12, 13, 14]);
  });

  it('is who was a descendant once, for as long as it is the same process', () => {
    const remains = trackRemains(leader);
    remains.look(tableOf(entry(10), entry(11, { ppid: 10 }), entry(12, { ppid: 10 })));
    const orphans = tableOf(entry(11), entry(12, { startTime: 'later' }), entry(13, { ppid: 11 }));
    expect(pidsOf(remains.look(orphans))).toEqual([11, 13]);
  });

  it('is what its group has when the leader is gone, unless the number is that of another one now', () => {
    const member = entry(11, { pgrp: 10 });
    expect(pidsOf(trackRemains(leader).look(tableOf(member)))).toEqual([11]);
    const reused = tableOf(entry(10, { startTime: 'later' }), member, entry(12, { ppid: 10 }));
    expect(trackRemains(leader).look(reused)).toEqual([]);
  });

  it('is nothing where the leader is no process that could have been started', () => {
    const table = tableOf(entry(1, { ppid: 0 }), entry(2, { ppid: 0, pgrp: 0 }), entry(10));
    for (const pid of [0, 1, -1]) {
      expect(trackRemains({ pid, startTime: 'started 1' }).look(table)).toEqual([]);
    }
  });
});
