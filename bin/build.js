// Bundles the command line, the daemon and the small scripts that other processes load into `dist`,
// dependencies included: one folder that the daemon can copy and that starts fast.
//
//     node bin/build.js                                 everything, into dist
//     node bin/build.js FOLDER name=src/file.ts …       only these entries, into FOLDER
import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const [folder, ...chosen] = process.argv.slice(2);
const out = folder === undefined ? `${root}dist` : resolve(folder);
const entries =
  chosen.length > 0
    ? Object.fromEntries(chosen.map((entry) => entry.split('=')))
    : {
        portramp: 'src/cli/main.ts',
        daemon: 'src/daemon/main.ts',
        inspector: 'src/daemon/inspector.ts',
        pulse: 'src/daemon/pulse-thread.ts',
        watchdog: 'src/runtime/watchdog/main.ts',
      };
/** Loaded by services into whatever Node they run on: CommonJS, and no syntax newer than Node 14. */
const preloads = chosen.length > 0 ? {} : { localhost: 'src/runtime/localhost.ts' };

async function write(input, options, output) {
  const bundle = await rolldown({
    cwd: root,
    platform: 'node',
    input,
    tsconfig: `${root}tsconfig.json`,
    ...options,
  });
  // Whoever counts what runs has to know what it was.
  const sourcemap = process.env.NODE_V8_COVERAGE === undefined ? false : 'inline';
  const written = await bundle.write({ dir: out, minify: 'dce-only', sourcemap, ...output });
  await bundle.close();
  return written.output;
}

const output = [
  ...(await write(entries, {}, { format: 'esm', chunkFileNames: 'chunk-[name]-[hash].js' })),
  ...(Object.keys(preloads).length > 0
    ? await write(
        preloads,
        { transform: { target: 'node14' } },
        { format: 'cjs', entryFileNames: '[name].cjs' },
      )
    : []),
];

// Only now, and only what is out of date: whoever runs from the folder meanwhile finds all of it.
const current = new Set(output.map((file) => file.fileName));
const stale = folder === undefined ? (await readdir(out)).filter((name) => !current.has(name)) : [];
await Promise.all(stale.map((name) => rm(join(out, name), { recursive: true })));
