// Bundles the command line, the daemon and the small scripts that other processes load into `dist`,
// dependencies included: one folder that the daemon can copy and that starts fast.
//
//     node bin/build.js                                 everything, into dist
//     node bin/build.js FOLDER name=src/file.ts …       only these entries, into FOLDER
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
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
        watchdog: 'src/runtime/watchdog/main.ts',
        localhost: 'src/runtime/localhost.ts',
      };

if (folder === undefined) await rm(out, { recursive: true, force: true });
const bundle = await rolldown({
  cwd: root,
  platform: 'node',
  input: entries,
  tsconfig: `${root}tsconfig.json`,
});
await bundle.write({
  dir: out,
  format: 'esm',
  chunkFileNames: 'chunk-[name]-[hash].js',
  minify: 'dce-only',
});
await bundle.close();
