import { join } from 'node:path/posix';

import { describe, expect, it } from 'vitest';

import { findLostPort, mayHear, withFrameworkFlags } from '../../../src/plan/framework.ts';
import type { PackageScope } from '../../../src/plan/scripts.ts';

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
  ['inside', 'cd client && npm run dev'],
  ['deeper', 'cd deep && cd web && npm run dev'],
  ['away', 'cd .. && npm run dev'],
  ['back', 'cd client && npm run dev && cd ..'],
  ['shown', 'vite preview'],
  ['worker', 'wrangler dev'],
  ['work', 'npm run worker'],
  ['built', 'tsc && astro dev'],
]);
const FLAGS = '--port 20300 --strictPort --host 127.0.0.1';
const listen = { host: '127.0.0.1', port: 20_300 };
const PACKAGES = new Map([
  ['.', SCRIPTS],
  [
    'client',
    new Map([
      ['dev', 'vite'],
      ['dev-web', 'vite'],
      ['up', 'npm run dev'],
    ]),
  ],
  ['ready', new Map([['dev', 'vite']])],
  ['proxied', new Map([['start', 'react-scripts start']])],
  ['deep/web', new Map([['dev', 'vite']])],
]);
const open = (folder: string): PackageScope => ({
  script: (name) => {
    const text = PACKAGES.get(folder)?.get(name);
    return text === undefined ? undefined : { text };
  },
  scriptNames: () => [...(PACKAGES.get(folder)?.keys() ?? [])],
  readsPort: () => folder === 'ready',
  hasProxy: () => folder === 'proxied',
  others: () => [...PACKAGES.keys()].filter((name) => name !== folder && name !== 'deep/web').map(open),
  at: (target) => {
    const name = 'dir' in target ? join(folder, target.dir) : target.name.replace('@shop/', '');
    return PACKAGES.has(name) || name === 'deep' ? open(name) : undefined;
  },
});
const add = (command: string | string[]): string | string[] => withFrameworkFlags(command, open('.'), listen);

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
    ['cd client\nvite\n', `cd client\nvite ${FLAGS}`],
    ['dotenv -e .env -- vite', `dotenv -e .env -- vite ${FLAGS}`],
    ['env-cmd -f .env vite', `env-cmd -f .env vite ${FLAGS}`],
    ['doppler run -- npm run dev', `doppler run -- npm run dev -- ${FLAGS}`],
    ['vite preview', `vite preview ${FLAGS}`],
    ['npm run shown', `npm run shown -- ${FLAGS}`],
    ['cd client && npm run dev', `cd client && npm run dev -- ${FLAGS}`],
    ['cd client; npm run up', `cd client; npm run up -- -- ${FLAGS}`],
    ['npm run inside', `npm run inside -- -- ${FLAGS}`],
    ['npm run deeper', `npm run deeper -- -- ${FLAGS}`],
    ['cd src && npm run dev', `cd src && npm run dev -- ${FLAGS}`],
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
    ['npm run dev --prefix client', `npm run dev --prefix client -- ${FLAGS}`],
    ['npm --prefix=client run dev', `npm --prefix=client run dev -- ${FLAGS}`],
    ['npm -C client run up', `npm -C client run up -- -- ${FLAGS}`],
    ['npm run dev -w client', `npm run dev -w client -- ${FLAGS}`],
    ['npm run dev --workspace=@shop/client', `npm run dev --workspace=@shop/client -- ${FLAGS}`],
    ['pnpm -C client dev', `pnpm -C client dev ${FLAGS}`],
    ['pnpm --filter client dev', `pnpm --filter client dev ${FLAGS}`],
    ['pnpm --filter=./client run dev', `pnpm --filter=./client run dev ${FLAGS}`],
    ['yarn workspace @shop/client dev', `yarn workspace @shop/client dev ${FLAGS}`],
    ['yarn --cwd client dev', `yarn --cwd client dev ${FLAGS}`],
    ['bun --cwd client dev', `bun --cwd client dev ${FLAGS}`],
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
    'vite optimize',
    'vite --port 3000',
    'vite --port=3000',
    'vite --help',
    'vite &',
    'vite &\n',
    'vite;',
    'vite && cd ..',
    'npm run dev ; cd "$OLDPWD"',
    'npm run back',
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
    'npm run away',
    'cd "$HOME" && npm run dev',
    'npm run node',
    'npm run nothing',
    'npm run dev -- --port 1',
    'npm run dev -w web',
    'npm --prefix web run dev',
    'pnpm --filter web dev',
    'pnpm --filter "./*" dev',
    'pnpm -r dev',
    'npm run dev --workspaces',
    'npm dev',
    '',
  ])('%s', (command) => {
    expect(add(command)).toBe(command);
  });

  it('a list that is a shell', () => {
    expect(add(['sh', '-c', 'vite'])).toEqual(['sh', '-c', 'vite']);
  });
});

describe('HOST', () => {
  it.each([
    ['npm start --prefix proxied', false],
    ['cd proxied && npx react-scripts start', false],
    ['cd proxied && react-scripts build', true],
    ['react-scripts start', true],
    ['npm run dev', true],
  ])('%s: %s', (command, expected) => {
    expect(mayHear('HOST', command, open('.'))).toBe(expected);
  });
});

describe('a port that is lost', () => {
  it.each([
    ['concurrently "vite" "node x.js"', 'concurrently'],
    ['npx concurrently -n a,b npm:dev npm:node', 'concurrently'],
    ['concurrently "npm:dev*"', 'concurrently'],
    ['npm run both', 'concurrently'],
    ['run-p dev node', 'run-p'],
    ['npm-run-all --parallel "d*"', 'npm-run-all'],
    ['concurrently "npm run dev --prefix client" "node x.js"', 'concurrently'],
    ['turbo run dev --filter=client', 'turbo'],
    ['npm run before', 'what its command runs beside it'],
    ['(vite)', 'what its command runs beside it'],
    ['(cd client && npm run dev) & node x.js', 'what its command runs beside it'],
    ['turbo run dev', 'turbo'],
    ['lerna run dev --scope=client', 'lerna'],
    ['npx lerna run dev --stream', 'lerna'],
    ['nx run client:dev', 'nx'],
    ['nx dev client', 'nx'],
    ['npx nx run-many -t dev -p client', 'nx'],
    ['nx run-many --targets=dev,build', 'nx'],
    ['pnpm -r dev', 'a package manager that runs it in every package'],
    ['npm run dev --workspaces', 'a package manager that runs it in every package'],
  ])('%s', (command, behind) => {
    expect(add(command)).toBe(command);
    expect(findLostPort(command, open('.'))).toMatchObject({ server: { title: 'Vite' }, behind });
  });

  it.each([
    'vite',
    'npm run dev',
    'npm run dev -w client',
    'concurrently "vite --port $PORT" "node x.js"',
    'concurrently "npm:node" "npm:build"',
    'concurrently "npm run dev -w ready" "node x.js"',
    'run-p fixed node',
    'turbo run dev --filter=ready',
    'turbo run dev --filter=./apps/*',
    'nx affected -t dev',
    'lerna version',
    'cd ready && vite --port 1',
    'astro build',
    'astro dev --port $PORT',
    'ng build',
    'webpack --watch',
    'webpack serve --port 1',
    'npm run worker -- --port $PORT',
    'npm run work -- -- --port $PORT',
    'npm run built -- --port $PORT',
    'pnpm worker --port $PORT',
    'yarn run worker --port $PORT',
    'bun run worker --port $PORT',
    'node server.js',
  ])('is none: %s', (command) => {
    expect(findLostPort(command, open('.'))).toBe(undefined);
  });

  it.each([
    'npm run worker',
    'npm run worker -- --ip ::1',
    'npm run worker --port $PORT',
    'npm run work -- --port $PORT',
  ])('is one: %s', (command) => {
    expect(findLostPort(command, open('.'))).toMatchObject({ server: { title: 'Wrangler' } });
  });

  it.each([
    ['astro dev', 'Astro', 'astro dev --port $PORT'],
    ['npx astro@5 dev --host', 'Astro', 'astro dev --port $PORT'],
    ['tsc && ng serve', 'Angular', 'ng serve --port $PORT'],
    ['env-cmd -f .env webpack serve', 'webpack-dev-server', 'webpack serve --port $PORT'],
    ['pnpm exec webpack serve', 'webpack-dev-server', 'webpack serve --port $PORT'],
    ['./node_modules/.bin/webpack-dev-server', 'webpack-dev-server', 'webpack-dev-server --port $PORT'],
    ['npx storybook dev', 'Storybook', 'storybook dev --port $PORT'],
    ['wrangler dev', 'Wrangler', 'wrangler dev --port $PORT'],
    ['react-router dev', 'React Router', 'react-router dev --port $PORT --strictPort'],
    ['remix vite:dev', 'Remix', 'remix vite:dev --port $PORT --strictPort'],
    ['hugo server -D', 'Hugo', 'hugo server --port $PORT'],
    ['npx rspack serve', 'Rspack', 'rspack dev --port $PORT'],
    ['rsbuild dev --open', 'Rsbuild', 'rsbuild dev --port $PORT'],
    ['browser-sync start --server', 'Browsersync', 'browser-sync start --port $PORT'],
    ['expo start --web', 'Expo', 'expo start --port $PORT'],
  ])('and its cure: %s', (command, title, line) => {
    const lost = findLostPort(command, open('.'));
    expect(lost?.server).toEqual(title === undefined ? undefined : { title, line });
    if (line !== undefined) expect(findLostPort(line, open('.'))).toBe(undefined);
  });
});
