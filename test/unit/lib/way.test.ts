/** Commands in what is said lead to the stack that is meant. */
import { describe, expect, it } from 'vitest';

import { leadTo, LED } from '../../../src/lib/way.ts';
import { createProgram } from '../../../src/cli/program.ts';

describe('a command in a text', () => {
  it.each([
    ['see "portramp logs api"', 'see "portramp logs --env test api"'],
    ['portramp dev', 'portramp dev --env test'],
    ['start it again with "portramp dev -d"', 'start it again with "portramp dev --env test -d"'],
    [
      '"portramp logs -f" shows it, "portramp down" stops it',
      '"portramp logs --env test -f" shows it, "portramp down --env test" stops it',
    ],
    ['end it: kill 7; portramp start api', 'end it: kill 7; portramp start --env test api'],
  ])('%s', (text, led) => {
    expect(leadTo(text, { env: 'test' })).toBe(led);
    expect(leadTo(led, { env: 'test' })).toBe(led);
    expect(leadTo(text, {})).toBe(text);
  });

  it.each([
    'portramp down --all',
    'portramp stop --port 20031',
    'portramp logs --stack shop api',
    'portramp logs -C /shop api',
    'portramp dev --env other',
    'portramp ls --all lists them',
    'portramp clean shop',
    'options of portramp go before the service',
    'portramp downloads',
  ])('%s says itself what it is about', (text) => {
    expect(leadTo(text, { stack: 'shop' })).toBe(text);
  });

  it('is led by each of the three, as a shell reads them', () => {
    expect(leadTo('portramp why api', { dir: '/my $& shop', env: 'test' })).toBe(
      "portramp why --dir '/my $& shop' --env test api",
    );
    expect(leadTo('portramp why api', { stack: 'shop-test' })).toBe('portramp why --stack shop-test api');
  });

  it('is led where it takes the options of a stack', () => {
    const takes = createProgram()
      .commands.filter(({ options }) => options.some(({ long }) => long === '--stack'))
      .map((command) => command.name());
    expect([...LED].sort()).toEqual(takes.sort());
  });
});
