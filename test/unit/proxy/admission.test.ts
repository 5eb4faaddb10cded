import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';

import { createAdmission, roomFor } from '../../../src/proxy/admission.ts';
import { listen } from '../../../src/proxy/listener.ts';
import { eventually } from '../../eventually.ts';

it('leaves room for a target beside each connection, and for all that is no connection', () => {
  expect([roomFor(300), roomFor(1_024), roomFor(70), roomFor(undefined)]).toEqual([118, 480, 8, Infinity]);
});

/** A listener with room for so many; who is outside has been turned away. */
async function scene(room: number) {
  const [inside, outside]: [Socket[], Socket[]] = [[], []];
  const admission = createAdmission(room, () => inside.filter(({ destroyed }) => !destroyed).length);
  const listener = await listen(0, (socket) => inside.push(socket.on('error', () => undefined)), {
    hasRoom: admission.hasRoom,
    turnAway: (socket) => {
      outside.push(socket);
      admission.turnAway(socket, 'come again');
    },
  });
  const guests: Socket[] = [];
  const dial = (): Socket => {
    const guest = connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
    guests.push(guest.on('error', () => undefined));
    return guest;
  };
  const close = async (): Promise<void> => {
    for (const socket of [...guests, ...inside]) socket.destroy();
    await listener.close();
  };
  return { inside, outside, dial, close };
}

it('lets in as many as there is room for, tells others to come again, and lets in more when some have gone', async () => {
  const { inside, dial, close } = await scene(3);
  for (let count = 0; count < 3; count += 1) dial();
  await eventually(() => expect(inside).toHaveLength(3));
  const late = dial();
  late.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  const [answer] = (await once(late, 'data')) as [Buffer];
  expect(answer.toString()).toBe('come again');
  late.end();
  await once(late, 'close');
  inside[0]?.destroy();
  dial();
  await eventually(() => expect(inside).toHaveLength(4));
  await close();
});

it('does not keep those who are told to come again and do not go', async () => {
  const { outside, dial, close } = await scene(0);
  // These neither read nor close.
  for (let count = 0; count < 40; count += 1) dial();
  await eventually(() => expect(outside).toHaveLength(40));
  const left = (): number => outside.filter(({ destroyed }) => !destroyed).length;
  // A few are told; the others are closed at once.
  await eventually(() => expect(left()).toBeLessThanOrEqual(16));
  await eventually(() => expect(left()).toBe(0));
  await close();
});
