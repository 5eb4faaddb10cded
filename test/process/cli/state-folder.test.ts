/** A state folder that cannot be used, as a user who is not root sees it. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createUser, type OrdinaryUser } from './ordinary-user.ts';

let user: OrdinaryUser;

beforeEach(() => {
  user = createUser();
  writeFileSync(
    join(user.folder, 'portramp.yaml'),
    'version: 1\nworkspace: shop\nservices: { api: { command: sleep 9 } }\n',
  );
});
afterEach(() => {
  if (existsSync(user.home)) chmodSync(user.home, 0o700);
  user.close();
});

function make(mode: number): void {
  mkdirSync(user.home);
  user.own(user.home);
  chmodSync(user.home, mode);
}

describe.each([
  ['may not be written to', () => make(0o500), /cannot write to .*home: EACCES/],
  ['may not be looked into', () => make(0o000), /cannot write to .*home: EACCES/],
  ['is a file', () => writeFileSync(user.home, '', { mode: 0o644 }), /home is not a folder/],
] as const)('a state folder that %s', (_, prepare, problem) => {
  it('is named with what to do, by every command and by doctor', async (context) => {
    prepare();
    const whyNot = await user.whyNot();
    if (whyNot !== undefined) return context.skip(whyNot);
    for (const command of [['dev', '-d'], ['dev'], ['url', 'api'], ['daemon', 'start'], ['clean']]) {
      const { code, stderr } = await user.run(user.folder, ...command);
      expect({ command, code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(problem) as string,
      });
      expect(stderr).toMatch(/hint: set PORTRAMP_HOME to a folder/);
      expect(stderr).not.toMatch(/bug/);
    }
    const doctor = await user.run(user.folder, 'doctor');
    expect(doctor).toMatchObject({ code: 1, stderr: '' });
    expect(doctor.stdout).toMatch(problem);
    expect(doctor.stdout).toMatch(/portramp +\S+ on Node/);
  });
});
