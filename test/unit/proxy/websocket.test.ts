import { describe, expect, it } from 'vitest';

import { FrameFollower } from '../../../src/proxy/websocket.ts';

/** RFC 6455 §5.2. */
function frame(length: number, masked: boolean): Buffer {
  const mark = masked ? 0x80 : 0;
  const head =
    length < 126
      ? Buffer.from([0x82, mark | length])
      : Buffer.from(length < 65_536 ? [0x82, mark | 126, 0, 0] : [0x82, mark | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  if (length >= 65_536) head.writeBigUInt64BE(BigInt(length), 2);
  else if (length >= 126) head.writeUInt16BE(length, 2);
  // A payload that looks like a head.
  return Buffer.concat([head, Buffer.alloc((masked ? 4 : 0) + length, 0x81)]);
}

describe('a follower of frames', () => {
  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 70_000])('knows where one of %i bytes ends', (length) => {
    for (const masked of [false, true]) {
      const bytes = frame(length, masked);
      for (const cut of [1, 2, 3, 4, 9, 10, 14, bytes.length - 1].filter((at) => at < bytes.length)) {
        const frames = new FrameFollower();
        frames.push(bytes, 0, cut);
        expect([length, masked, cut, frames.isBetween]).toEqual([length, masked, cut, false]);
        frames.push(bytes.subarray(cut));
        expect(frames.isBetween).toBe(true);
      }
    }
  });

  it('sees every end in a stream that comes byte by byte', () => {
    const lengths = [0, 3, 126, 0, 300];
    const frames = new FrameFollower();
    const stream = Buffer.concat(lengths.map((length, index) => frame(length, index % 2 === 0)));
    let ends = 0;
    for (const byte of stream) {
      frames.push(Buffer.from([byte]));
      if (frames.isBetween) ends += 1;
    }
    expect(ends).toBe(lengths.length);
  });
});
