// The measurements and long runs that are commands, not tests:
//
//     npm run bench                   startup, check and proxy, one after the other
//     npm run bench -- startup        how long commands and the daemon take to start
//     npm run bench -- check          portramp check on a large contract
//     npm run bench -- ports          leases, verification
//     npm run bench -- supervision    an idle stack, a flood of logs, a ramp's extra hop
//     npm run bench -- scale          what grows with the work: stacks of 5, 50 and 200 services, 5 and 20 stacks
//     npm run bench -- compose        stacks of containers: at rest, and started beside docker compose by hand
//     npm run bench -- proxy          the front beside nginx, haproxy, caddy, http-proxy and portless
//     npm run bench -- fairness       what others feel while one service or client misbehaves
//     npm run fuzz -- [CASES [SEED]]  the wire engine against Node's parser
//     npm run fuzz -- smuggling       hidden requests against every server that is installed
//     npm run coverage -- [TEST…]     which statements any test runs, in the bundled programs as well
//     npm run soak -- [SHARE]         a million requests, 2,000 restarts, 1,000 edits: does anything grow?
//     npm run mutants -- …            which changes of the source no test notices; see test/mutants/options.ts
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const root = resolve(import.meta.dirname, '../..');

const commands = {
  startup: async (args) => run('test/bench/startup.js', args),
  check: async (args) => run('test/bench/check.js', args),
  ports: async (args) => run('test/bench/ports.js', args),
  supervision: async (args) => run('test/bench/supervision.js', args),
  compose: async (args) => run('test/bench/compose.js', args),
  scale: async (args) => run('test/bench/scale/main.js', args),
  proxy: async (args) => runBundled('test/bench/proxy/main.ts', args),
  fairness: async (args) => runBundled('test/bench/fairness.ts', args),
  fuzz: async ([first, ...rest]) =>
    first === 'smuggling'
      ? runBundled('test/process/proxy/smuggling/main.ts', rest)
      : runBundled('test/unit/proxy/wire-fuzz/main.ts', first === undefined ? [] : [first, ...rest]),
  coverage: async (args) => runBundled('test/coverage/main.ts', args),
  soak: async (args) => runBundled('test/soak/main.ts', args),
  mutants: async (args) => runBundled('test/mutants/main.ts', args),
};

function run(file, args) {
  return (
    spawnSync(process.execPath, [resolve(root, file), ...args], { stdio: 'inherit', cwd: root }).status ?? 1
  );
}

/** Node 20 does not run TypeScript. */
async function runBundled(file, args) {
  // Among the packages: what is not bundled is found from there.
  const folder = mkdtempSync(resolve(root, 'node_modules/.portramp-bench-'));
  try {
    const bundle = await rolldown({
      cwd: root,
      platform: 'node',
      input: { main: file },
      external: /^rolldown/,
    });
    await bundle.write({
      dir: folder,
      format: 'esm',
      entryFileNames: '[name].mjs',
      chunkFileNames: '[name].mjs',
    });
    await bundle.close();
    return run(join(folder, 'main.mjs'), args);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const [name, ...args] = process.argv.slice(2);
if (name === undefined) {
  for (const each of ['startup', 'check', 'proxy']) process.exitCode ||= await commands[each]([]);
} else if (Object.hasOwn(commands, name)) {
  process.exitCode = await commands[name](args);
} else {
  console.error(`unknown: ${name}; there are ${Object.keys(commands).join(', ')}`);
  process.exitCode = 2;
}
