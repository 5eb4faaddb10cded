import { describe, expect, it } from 'vitest';

import { withFrameworkFlags } from '../../../src/plan/framework.ts';

const SCRIPTS = new Map([
  ['dev', 'vite'],
  ['start', 'npm run dev'],
  ['build', 'vite build'],
  ['fixed', 'vite --port 3000'],
  ['wide', 'vite --host'],
  ['after', 'tsc && cross-env A=1 vite dev'],
  ['before', 'vite & node x.js'],
  ['both', 'concurrently "vite" "node x.js"'],
  ['loop', 'npm run loop'],
  ['pnpm', 'pnpm dev'],
  ['handed', 'npm run dev -- --open'],
  ['node', 'node server.js'],
]);
const FLAGS = '--port 20300 --strictPort --host 127.0.0.1';
const listen = { host: '127.0.0.1', port: 20_300 };
const add = (command: string | string[]): string | string[] =>
  withFrameworkFlags(command, (name) => SCRIPTS.get(name), listen);

describe('flags are added to', () => {
  it.each([
    ['vite', `vite ${FLAGS}`],
    ['vite dev apps/web', `vite dev apps/web ${FLAGS}`],
    ['npx vite', `npx vite ${FLAGS}`],
    ['npx -y vite@8', `npx -y vite@8 ${FLAGS}`],
    ['./node_modules/.bin/vite', `./node_modules/.bin/vite ${FLAGS}`],
    ['node node_modules/vite/bin/vite.js', `node node_modules/vite/bin/vite.js ${FLAGS}`],
    ['pnpm exec vite', `pnpm exec vite ${FLAGS}`],
    ['yarn vite', `yarn vite ${FLAGS}`],
    ['bunx --bun vite', `bunx --bun vite ${FLAGS}`],
    ['FOO=1 exec vite', `FOO=1 exec vite ${FLAGS}`],
    ['tsc; vite', `tsc; vite ${FLAGS}`],
    ["echo '&' && vite", `echo '&' && vite ${FLAGS}`],
    ['vite --host', 'vite --host --port 20300 --strictPort'],
    ['npm run dev', `npm run dev -- ${FLAGS}`],
    ['npm run -s dev', `npm run -s dev -- ${FLAGS}`],
    ['npm run dev -- --open', `npm run dev -- --open ${FLAGS}`],
    ['npm start', `npm start -- -- ${FLAGS}`],
    ['npm run after', `npm run after -- ${FLAGS}`],
    ['npm run wide', 'npm run wide -- --port 20300 --strictPort'],
    ['npm run pnpm', `npm run pnpm -- ${FLAGS}`],
    ['npm run handed', `npm run handed -- ${FLAGS}`],
    ['pnpm dev', `pnpm dev ${FLAGS}`],
    ['pnpm run dev --open', `pnpm run dev --open ${FLAGS}`],
    ['yarn dev', `yarn dev ${FLAGS}`],
    ['bun run dev', `bun run dev ${FLAGS}`],
  ])('%s', (command, expected) => {
    expect(add(command)).toBe(expected);
  });

  it('a list, word by word', () => {
    expect(add(['npm', 'run', 'dev'])).toEqual(['npm', 'run', 'dev', '--', ...FLAGS.split(' ')]);
    expect(add(['npx', 'vite'])).toEqual(['npx', 'vite', ...FLAGS.split(' ')]);
  });
});

describe('nothing is added to', () => {
  it.each([
    'vite build',
    'vite preview',
    'vite optimize',
    'vite --port 3000',
    'vite --port=3000',
    'vite --help',
    'vite &',
    'vite | tee log',
    'vite > log',
    '(vite)',
    'vite # comment',
    'echo "a && vite',
    'npx vitest',
    'node server.js',
    'npm run build',
    'npm run fixed',
    'npm run before',
    'npm run both',
    'npm run loop',
    'npm run node',
    'npm run nothing',
    'npm run dev -- --port 1',
    'npm run dev -w web',
    'npm --prefix web run dev',
    'pnpm --filter web dev',
    'npm dev',
    '',
  ])('%s', (command) => {
    expect(add(command)).toBe(command);
  });

  it('a list that is a shell', () => {
    expect(add(['sh', '-c', 'vite'])).toEqual(['sh', '-c', 'vite']);
  });
});
