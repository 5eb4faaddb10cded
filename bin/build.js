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
        watchdog: 'src/runtime/watchdog/main.ts',
        localhost: 'src/runtime/localhost.ts',
      };

const bundle = await rolldown({
  cwd: root,
  platform: 'node',
  input: entries,
  tsconfig: `${root}tsconfig.json`,
});
const { output } = await bundle.write({
  dir: out,
  format: 'esm',
  chunkFileNames: 'chunk-[name]-[hash].js',
  minify: 'dce-only',
});
await bundle.close();

// Only now, and only what is out of date: whoever runs from the folder meanwhile finds all of it.
const current = new Set(output.map((file) => file.fileName));
const stale = folder === undefined ? (await readdir(out)).filter((name) => !current.has(name)) : [];
await Promise.all(stale.map((name) => rm(join(out, name), { recursive: true })));
