/** What the machine refuses, and paths that are odd: said with a code, in words, with what to type; never "a bug". */
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createMachine, node, openWorkspace, PORTRAMP, type Machine, type Result } from '../workspace.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

interface Ran extends Result {
  readonly all: string;
}

/** A script of a shell, in which `portramp` is the program. */
function shell(
  script: string,
  options: { cwd?: string; uid?: number; wrap?: readonly string[] } = {},
): Promise<Ran> {
  const { cwd = machine.folder('.'), uid, wrap = [] } = options;
  const portramp = `portramp() { '${process.execPath}' '${PORTRAMP}' "$@"; }\n`;
  const [file, ...args] = [...wrap, 'sh', '-c', portramp + script];
  return new Promise((settle) => {
    const identity = uid === undefined ? {} : { uid, gid: uid };
    execFile(file, args, { cwd, env: machine.environment, ...identity }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      settle({ code, stdout, stderr, all: stdout + stderr });
    });
  });
}

const noBug = (text: string): void => {
  expect(text).not.toMatch(/\bbug\b|INTERNAL/i);
  expect(text).not.toMatch(/^\s+at .+:\d+:\d+/m);
};

const SLEEP = '{ command: sleep 99, ports: false }';
const big = `BIG=${'x'.repeat(200_000)}\n`;

describe('an environment that is too large', () => {
  it('is said by exec, and by the service that has it', async () => {
    const shop = machine.workspace(
      'shop',
      `version: 1\nworkspace: shop\nservices: { api: { command: sleep 99, ports: false, envFile: .env, restart: { policy: no } } }\n`,
    );
    shop.write('.env', big);
    for (const words of [
      ['exec', 'api', 'true'],
      ['dev', '-d'],
    ]) {
      const { code, stderr } = await shop.run(...words);
      expect(code).toBeGreaterThan(0);
      expect(stderr).toMatch(/could not be started: the arguments and environment variables are too large/);
      expect(stderr).toMatch(/hint: shorten the longest variable/);
      noBug(stderr);
    }
  });
});

describe('a folder that is gone under the shell', () => {
  it('is said with what to type', async () => {
    const { code, stderr } = await shell('mkdir gone && cd gone && rmdir ../gone && portramp dev -d');
    expect(code).toBe(1);
    expect(stderr).toMatch(/error the folder that this shell is in is gone\n.*hint: .*cd ~/);
  });
});

describe('too few open files', () => {
  it('is said with the limit to raise, wherever it strikes', async () => {
    const shop = machine.workspace('shop', `version: 1\nworkspace: shop\nservices: { api: ${SLEEP} }\n`);
    const { stdout } = await shell(
      'for n in $(seq 21 34) 38 42 46; do echo @@; (ulimit -n $n; portramp check; portramp ls) 2>&1; done',
      { cwd: shop.root },
    );
    // How many Node itself needs depends on its version; below that, it does not get as far as the program.
    const told = stdout.split('@@').filter((text) => !text.includes('node:internal/modules/run_main'));
    const all = told.join('');
    expect(all).toMatch(/hint: raise the limit.*ulimit -n 4096/);
    noBug(all);
  });
});

describe.each(['line\nbreak', 'back\\slash', 'sp ace', 'quo\'te"d', '[a]*?{b,c}', '$(id)', 'ends\n'])(
  'a workspace in a folder named %j',
  (name) => {
    it('runs like any other', async () => {
      const root = machine.folder(name);
      const shop = openWorkspace(machine, root);
      shop.contract(
        `version: 1\nworkspace: shop\nservices: { api: { command: ${node('app.js')}, watch: [src], ready: { http: / } } }\n`,
      );
      await shop.git('init', '-q', '-b', 'main', '.');
      mkdirSync(join(root, 'src'));
      for (const words of [['check'], ['dev', '-d'], ['url', 'api'], ['exec', 'api', 'true'], ['down']]) {
        const { code, stdout, stderr } = await shop.run(...words);
        expect({ words, code, stderr: code === 0 ? '' : stderr + stdout }).toEqual({
          words,
          code: 0,
          stderr: '',
        });
      }
    });
  },
);

describe('a folder that may not be looked into', () => {
  it('is said to be that, not missing', async () => {
    const isRoot = process.getuid?.() === 0;
    const folder = mkdtempSync(join(tmpdir(), 'portramp-closed-'));
    writeFileSync(
      join(folder, 'portramp.yaml'),
      'version: 1\nworkspace: shop\nservices: { api: { command: sleep 99, ports: false, dir: closed/in, restart: { policy: no } } }\n',
    );
    mkdirSync(join(folder, 'closed/in'), { recursive: true });
    chmodSync(join(folder, 'closed'), 0);
    chmodSync(folder, 0o777);
    if (isRoot)
      for (const path of ['.', 'closed', 'portramp.yaml']) chownSync(join(folder, path), 65_534, 65_534);
    const home = `export HOME='${folder}' PORTRAMP_HOME='${folder}/home';`;
    const { code, all } = await shell(
      `${home} portramp dev -d; code=$?; portramp down; portramp daemon stop; exit $code`,
      {
        cwd: folder,
        ...(isRoot ? { uid: 65_534 } : {}),
      },
    );
    chmodSync(join(folder, 'closed'), 0o700);
    rmSync(folder, { recursive: true });
    expect(code).toBeGreaterThan(0);
    expect(all).toMatch(
      /the directory closed\/in cannot be looked at \(EACCES\)\n.*hint: .*ls -ld .*closed\/in/,
    );
    noBug(all);
  });
});

describe.skipIf(process.platform !== 'linux')('a full disk', () => {
  const unshare = ['unshare', process.getuid?.() === 0 ? '-m' : '-rm'];
  const mount = (size: string): string =>
    `mkdir -p "$PORTRAMP_HOME" && mount -t tmpfs -o size=${size} none "$PORTRAMP_HOME" || exit 77\n`;
  const fill =
    'cat /dev/zero > "$PORTRAMP_HOME/filler" 2>/dev/null; dd if=/dev/zero of="$PORTRAMP_HOME/filler2" bs=1 count=4096 2>/dev/null\n';
  const isSkipped = (code: number): boolean => {
    if (code === 77) console.log('skipped: this system lets this user mount no file system');
    return code === 77;
  };

  it('at the first start is said with what to type', async () => {
    const shop = machine.workspace('shop', `version: 1\nworkspace: shop\nservices: { api: ${SLEEP} }\n`);
    const { code, all } = await shell(`${mount('64k')}${fill} portramp dev -d`, {
      cwd: shop.root,
      wrap: unshare,
    });
    if (isSkipped(code)) return;
    expect(code).toBe(1);
    expect(all).toMatch(/error cannot write to .*home: ENOSPC/);
    expect(all).toMatch(/hint: make room on that disk, or set PORTRAMP_HOME to a folder on another one/);
    noBug(all);
  });

  it('after the daemon was killed keeps nobody away', async () => {
    const shop = machine.workspace(
      'shop',
      `version: 1\nworkspace: shop\nservices: { api: { command: ${node('app.js')}, ready: { http: / } } }\n`,
    );
    const port = `portramp daemon status --json | grep -o '"http": [0-9]*' | grep -o '[0-9]*'`;
    const pid = `portramp daemon status --json | grep -o '"pid": [0-9]*' | grep -o '[0-9]*'`;
    const script = `${mount('24m')}
      portramp dev -d || exit 1
      before=$(${port}); daemon=$(${pid})
      ${fill}
      kill -9 $daemon
      i=0; while [ $i -lt 100 ] && ! now=$(${port}) || [ "$(${pid})" = "$daemon" ]; do i=$((i + 1)); sleep 0.1; done
      echo "before $before after $now"
      portramp url api || exit 2
      portramp down; portramp daemon stop`;
    const { code, all } = await shell(script, { cwd: shop.root, wrap: unshare });
    if (isSkipped(code)) return;
    expect(all).toMatch(/before (\d+) after \1\n/);
    expect(all).toMatch(/http:\/\/api\.shop\.localhost/);
    expect(code).toBe(0);
    noBug(all);
  });
});
