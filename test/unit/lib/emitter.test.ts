import { expect, it } from 'vitest';

import { Emitter } from '../../../src/lib/emitter.ts';

it('an event ends, also when each listener adds another', () => {
  const emitter = new Emitter<string>();
  const heard: string[] = [];
  const listen = (name: string): void => {
    const stop = emitter.on((event) => {
      heard.push(`${name} ${event}`);
      stop();
      listen(`${name}'`);
    });
  };
  listen('a');
  emitter.emit('first');
  emitter.emit('second');
  expect(heard).toEqual(['a first', "a' second"]);
  expect(emitter.size).toBe(1);
});

it('a listener that another one removes is not called any more', () => {
  const emitter = new Emitter<string>();
  const heard: string[] = [];
  emitter.on(() => stop());
  const stop = emitter.on((event) => heard.push(event));
  emitter.emit('first');
  expect(heard).toEqual([]);
});
