// Stacks for the benchmarks: in a folder of their own, with a daemon of their own.
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { childrenOf, commandOf } from './cost.js';

const portramp = resolve(import.meta.dirname, '../../../bin/portramp.js');
const server = resolve(import.meta.dirname, '../../process/programs/server.js');

/** A service: listens, and does nothing. */
export const SERVICE = [process.execPath, server];

/** @param more variables for the runners */
export function createBase(more = {}) {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-bench-')));
  const env = {
    ...process.env,
    PORTRAMP_HOME: join(base, 'state'),
    PORTRAMP_HTTP_PORT: '0',
    NO_COLOR: '1',
    ...more,
  };
  const run = async (cwd, ...args) => {
    const { stdout } = await promisify(execFile)(process.execPath, [portramp, ...args], {
      cwd,
      env,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  };
  const listing = async () => JSON.parse(await run(base, 'ls', '--json')).stacks;
  return {
    base,
    env,
    run,
    listing,
    /** Starts a stack of so many services. */
    start: async (name, count, ready = '{ http: /healthz }') => {
      const root = join(base, name);
      mkdirSync(root);
      const services = Array.from(
        { length: count },
        (_, index) => `  s${index}: { command: ${JSON.stringify(SERVICE)}, ready: ${ready} }\n`,
      );
      writeFileSync(
        join(root, 'portramp.yaml'),
        `version: 1\nworkspace: ${name}\nservices:\n${services.join('')}`,
      );
      const began = performance.now();
      await run(root, 'dev', '-d');
      const took = performance.now() - began;
      const stack = (await listing()).find((one) => one.root === root);
      const watchdog = childrenOf(stack.pid).find((pid) => commandOf(pid).includes('watchdog'));
      return { root, took, runner: stack.pid, watchdog, services: stack.services };
    },
    daemon: async () => JSON.parse(await run(base, 'daemon', 'status', '--json')).pid,
    close: () => {
      spawnSync(process.execPath, [portramp, 'down', '--all'], { env, stdio: 'ignore' });
      spawnSync(process.execPath, [portramp, 'daemon', 'stop', '--force'], { env, stdio: 'ignore' });
      rmSync(base, { recursive: true, force: true });
    },
  };
}
