// Bundles the command line, the daemon and the small scripts that other processes load into `dist`,
// dependencies included: one folder that the daemon can copy and that starts fast.
import { rm } from 'node:fs/promises';
import { rolldown } from 'rolldown';

const root = new URL('..', import.meta.url).pathname;
const entries = {
  portramp: 'src/cli/main.ts',
  daemon: 'src/daemon/main.ts',
  watchdog: 'src/runtime/watchdog/main.ts',
  localhost: 'src/runtime/localhost.ts',
};

await rm(`${root}dist`, { recursive: true, force: true });
const bundle = await rolldown({
  cwd: root,
  platform: 'node',
  input: entries,
  tsconfig: `${root}tsconfig.json`,
});
await bundle.write({
  dir: 'dist',
  format: 'esm',
  chunkFileNames: 'chunk-[name]-[hash].js',
  minify: 'dce-only',
});
await bundle.close();
