/**
 * Which binds of one port coexist, and that each holder is seen: before a grant by the probe, after it by a pass.
 * The table is Linux's; elsewhere the pairs may differ, so only the seeing is asserted.
 */
import { afterEach, describe, expect, it } from 'vitest';

import { holdersOf } from '../../../src/ports/holders.ts';
import { createInspector } from '../../../src/ports/inspect.ts';
import { isPortFree } from '../../../src/ports/probe.ts';
import { createSystem } from '../../../src/ports/system/system.ts';
import { LAN, createListeners, pickPort } from './scene.ts';

/** Columns: second. `X` is refused with EADDRINUSE, `C` coexists without a word. */
const SECOND = ['127.0.0.1', '0.0.0.0', '::', '::1', '127.0.0.2', 'LAN'];
const TABLE: Record<string, string> = {
  '127.0.0.1': 'X X X C C C',
  '0.0.0.0': 'X X X C X X',
  '::': 'X X X X X X',
  '::1': 'C C X X C C',
  // Not in the notes, and symmetric: measured here.
  '127.0.0.2': 'C X X C X C',
  LAN: 'C X X C C X',
};

const pairs = Object.entries(TABLE).flatMap(([first, row]) =>
  row.split(' ').map((cell, index) => ({ first, second: SECOND[index] ?? '', cell })),
);

const addressOf = (name: string): string | undefined => (name === 'LAN' ? LAN : name);
const linux = process.platform === 'linux';
const listeners = createListeners();

afterEach(() => listeners.close());

describe.skipIf(!linux)('the bind table of Linux', () => {
  it.each(pairs)('$first, then $second: $cell', async ({ first, second, cell }) => {
    const [one, other] = [addressOf(first), addressOf(second)];
    if (one === undefined || other === undefined) {
      console.log(`skipped ${first}, ${second}: this machine has no address but loopback`);
      return;
    }
    const port = await pickPort();
    const service = await listeners.start(one, port);
    expect(service.said.port).toBe(port);

    // Before the grant: whoever is first is seen, whatever the address, and named.
    expect(await isPortFree(port)).toBe(false);
    expect(await holdersOf(port)).toMatchObject([{ pid: service.said.pid, address: one }]);

    const inspector = createInspector(createSystem());
    const claims = [service.claim(port)];
    expect(inspector.inspect(claims)).toEqual([]);

    const ghost = await listeners.start(other, port);
    expect(ghost.said.error).toBe(cell === 'X' ? 'EADDRINUSE' : undefined);
    if (cell === 'X') {
      expect(inspector.inspect(claims)).toEqual([]);
      return;
    }
    // After readiness: the second is reported with all that a person needs to find it.
    expect(inspector.inspect(claims)).toEqual([
      {
        kind: 'ghost',
        marker: service.marker,
        port: 'http',
        number: port,
        holder: {
          pid: ghost.said.pid,
          address: other,
          command: expect.stringContaining(`listener.js ${other} ${port}`) as string,
          cwd: process.cwd(),
        },
        later: expect.any(Boolean) as boolean,
      },
    ]);
    // And seen from the other side, when it was the service that came second.
    expect(createInspector(createSystem()).inspect([ghost.claim(port)])).toMatchObject([
      { kind: 'ghost', holder: { pid: service.said.pid, address: one } },
    ]);
  });
});
