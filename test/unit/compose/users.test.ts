import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openUsers, type Left, type Users } from '../../../src/runtime/compose/users.ts';

let folder: string;
let a: Users;
let b: Users;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-users-'));
  [a, b] = ['a', 'b'].map((slug) => {
    const root = join(folder, slug);
    mkdirSync(root);
    return openUsers(join(folder, 'state/x.users.json'), { root, environment: 'dev', slug });
  }) as [Users, Users];
});
afterEach(() => rmSync(folder, { recursive: true }));

async function start(users: Users, service: string): Promise<string[]> {
  let slugs: string[] = [];
  await users.begin(service, async (others) => {
    slugs = others.map(({ slug }) => slug);
    return undefined;
  });
  return slugs;
}

async function end(users: Users, ...services: string[]): Promise<Left | undefined> {
  let told: Left | undefined;
  await users.end(services, async (left) => {
    told = left;
    return undefined;
  });
  return told;
}

describe('users of shared containers', () => {
  it('are told of each other, and the last one is told that it is', async () => {
    expect(await start(a, 'db')).toEqual([]);
    expect(await start(b, 'db')).toEqual(['a']);
    expect(await start(b, 'mail')).toEqual([]);
    expect(await b.own()).toEqual(['db', 'mail']);
    expect(await end(b, 'db', 'mail')).toEqual({ unused: ['mail'], isLast: false });
    expect(await end(a, 'db')).toEqual({ unused: ['db'], isLast: true });
    expect(await a.own()).toEqual([]);
  });

  it('come one after the other, and twice is once', async () => {
    const order: string[] = [];
    await Promise.all(
      [a, b, a].map((users, index) =>
        users.begin('db', async () => {
          order.push(`${index} begins`);
          await new Promise(setImmediate);
          order.push(`${index} ends`);
          return undefined;
        }),
      ),
    );
    for (let index = 0; index < order.length; index += 2) {
      expect(order[index + 1]).toBe(order[index]?.replace('begins', 'ends'));
    }
    expect(await start(b, 'db')).toEqual(['a']);
  });

  it('are none after a failed start, or when their checkout is gone', async () => {
    expect(await a.begin('db', async () => 'no image')).toBe('no image');
    expect(await a.own()).toEqual([]);
    await start(a, 'db');
    rmSync(join(folder, 'a'), { recursive: true });
    expect(await start(b, 'db')).toEqual([]);
  });

  it('are still some when what they used could not be stopped', async () => {
    await start(a, 'db');
    expect(await a.end(['db'], async () => 'no engine')).toBe('no engine');
    expect(await a.own()).toEqual(['db']);
  });

  it('are known to have been there', async () => {
    expect(await a.areFree()).toBe(false);
    await start(a, 'db');
    expect(await b.areFree()).toBe(false);
    await end(a, 'db');
    expect(await b.areFree()).toBe(true);
  });

  it('survive a file that cannot be read', async () => {
    await start(a, 'db');
    writeFileSync(join(folder, 'state/x.users.json'), '{"db": [{}');
    expect(await start(b, 'db')).toEqual([]);
    expect(await b.own()).toEqual(['db']);
  });
});
