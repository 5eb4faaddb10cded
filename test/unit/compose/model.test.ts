import { describe, expect, it } from 'vitest';

import { projectWith } from './project.ts';

describe('a healthcheck', () => {
  it.each([
    ['a command', { test: ['CMD', 'true'], interval: '1s' }, true],
    ['a command of the shell', { test: 'true' }, true],
    ['only other times for that of the image', { interval: '1s' }, true],
    ['switched off', { disable: true }, false],
    ['switched off the other way', { test: ['NONE'] }, false],
  ])('that is %s', (_what, healthcheck, expected) => {
    expect(projectWith({ web: { healthcheck } }).services.get('web')?.hasHealthcheck).toBe(expected);
  });

  it('that is not there', () => {
    expect(projectWith({ web: {} }).services.get('web')?.hasHealthcheck).toBe(false);
  });
});
