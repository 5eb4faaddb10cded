import { describe, expect, it } from 'vitest';

import { splitCommands } from '../../../src/plan/scripts.ts';
import { withoutComments } from '../../../src/check/facts/comments.ts';
import { readComposeFile } from '../../../src/check/facts/compose-file.ts';
import { readDockerfile } from '../../../src/check/facts/dockerfile.ts';
import { isScanned, searchFor } from '../../../src/check/facts/literals.ts';
import { readTurboConfig, turboRunIn } from '../../../src/check/facts/turbo.ts';
import { portFlagIn } from '../../../src/check/port-flag.ts';
import { looksLikeSecret } from '../../../src/check/secret.ts';

describe('comments', () => {
  it.each([
    ['a.ts', "x('http://a'); // b", "x('http://a');     "],
    ['a.ts', '/* a\n b */ c', '    \n      c'],
    ['a.ts', '`// ${a} \n // b` // c', '`// ${a} \n // b`     '],
    ['a.ts', "it's // a", "it's     "],
    ['a.ts', "f('a') // it's", "f('a')        "],
    ['a.ts', "'\\'// a' // b", "'\\'// a'     "],
    ['a.sh', 'curl a#b # c', 'curl a#b    '],
    ['.env.local', 'A=b # c', 'A=b    '],
    ['Dockerfile.dev', '# a\nFROM b', '   \nFROM b'],
    ['a.py', '"""a\nb"""\nc = """d"""', '    \n    \nc = """d"""'],
    ['a.html', '<a href="//b"> <!-- c -->', '<a href="//b">           '],
    ['a.vue', '<!-- a --> x // b', '           x     '],
    ['a.sql', "select '--a' -- b", "select '--a'     "],
    ['a.ini', '; a\n[b]', '   \n[b]'],
    ['a.unknown', '// a # b', '// a # b'],
    ['a.css', '/* never closed', '               '],
  ])('of %s: %j', (path, text, expected) => {
    expect(withoutComments(path, text)).toBe(expected);
  });
});

describe('ports in text', () => {
  const search = searchFor({ numbers: new Set([20_010]), variables: new Set(['PORT', 'API_PORT']) });
  const find = (path: string, text: string): string[] =>
    search(path, { file: path, text }).map(({ port, at }) => `${at.line}:${at.column} ${port}`);

  it.each([
    ['a.ts', "fetch('http://localhost:3001/x')", ['1:15 3001']],
    ['a.ts', 'const x = "127.0.0.1:3001"\n"[::1]:3002"', ['1:12 3001', '2:2 3002']],
    ['a.ts', '"see localhost:3001."', ['1:6 3001']],
    ['compose.yaml', 'healthcheck:\n  test: localhost:3002\nURL: localhost:3001', ['3:6 3001']],
    ['a.ts', 'listen({ port: 20010 })', ['1:10 20010']],
    ['a.ts', 'process.env.PORT ?? 20010', ['1:13 20010']],
    ['a.ts', 'server.listen(20010)', ['1:7 20010']],
    ['a.yaml', 'port: "20010"', ['1:1 20010']],
    ['a.sh', 'x --port=20010\ny -p 20010', ['1:5 20010', '2:3 20010']],
    ['a.sh', '${PORT:-20010}', ['1:3 20010']],
    ['.env', 'API_PORT=1234\nPORT="5"\nexport PORT=5555', ['1:1 1234', '3:1 5555']],
    ['Dockerfile', 'ENV PORT 8080', ['1:1 8080']],
  ])('%s: %s', (path, text, expected) => {
    expect(find(path, text)).toEqual(expected);
  });

  it.each([
    ['a.ts', 'const count = 20010'],
    ['a.ts', 'port: 20011'],
    ['a.ts', 'port: 20010.5'],
    ['a.ts', 'mylocalhost:3001'],
    ['a.ts', '`http://localhost:${port}`'],
    ['a.ts', 'localhost:99999'],
    ['a.ts', 'http://localhost:80/'],
    ['compose.yaml', 'ports: ["127.0.0.1:3001:3001"]'],
    ['compose.yaml', 'ports: ["${SQL_PORT:-127.0.0.1:3001}:3306"]'],
    ['compose.yaml', 'a:\n  healthcheck:\n\n    test: curl http://localhost:3001/\n'],
    ['.env', 'OTHER_PORT=1234'],
    ['a.ts', 'PORT=1234'],
    ['a.js', `${'x'.repeat(3000)} localhost:3001`],
  ])('%s has none: %.40s', (path, text) => {
    expect(find(path, text)).toEqual([]);
  });

  it('are not looked for in prose, locks and what was generated', () => {
    const skipped = [
      'README.md',
      'docs/a.mdx',
      'notes.txt',
      'package-lock.json',
      'pnpm-lock.yaml',
      'Cargo.lock',
      'go.sum',
      'app.min.js',
      'app.js.map',
      'logo.png',
      'node_modules/x/a.js',
      'apps/web/dist/a.js',
      'LICENSE',
      'portramp.yaml',
    ];
    expect(skipped.filter(isScanned)).toEqual([]);
    const wanted = [
      'a.ts',
      '.env',
      'apps/api/.env.example',
      'Dockerfile',
      'vite.config.js',
      'Makefile',
      'k8s/a.yaml',
    ];
    expect(wanted.filter(isScanned)).toEqual(wanted);
  });
});

describe('a Compose file', () => {
  const ports = (text: string): string[] => {
    const file = readComposeFile({ file: 'c', text: `services:\n  a:\n    ports: ${text}\n` });
    return file?.services[0]?.ports.map(({ published, target }) => `${published ?? '-'}:${target}`) ?? [];
  };

  it.each([
    ['["3000"]', ['-:3000']],
    ['[3000]', ['-:3000']],
    ['["8080:80"]', ['8080:80']],
    ['["127.0.0.1:8080:80"]', ['8080:80']],
    ['["127.0.0.1::80"]', ['-:80']],
    ['["[::1]:8080:80/tcp"]', ['8080:80']],
    ['["53:53/udp"]', []],
    ['["3000-3002:4000-4002"]', ['3000:4000', '3001:4001', '3002:4002']],
    ['["3000-3002:80"]', ['-:80']],
    ['["${P:-3000}:80"]', ['-:80']],
    ['[{ target: 80, published: "8080" }, { target: 1, protocol: udp }, { published: 5 }]', ['8080:80']],
    ['!override ["8080:80"]', ['8080:80']],
  ])('publishes %s', (text, expected) => {
    expect(ports(text)).toEqual(expected);
  });

  it('that is none is nothing', () => {
    expect(readComposeFile({ file: 'c', text: 'a: [' })).toBe(undefined);
    for (const text of ['- a', '', '# nothing yet', '---\n---', 'services: {}\n---\n- a'])
      expect(readComposeFile({ file: 'c', text }), text).toBe(undefined);
    expect(readComposeFile({ file: 'c', text: 'services: 5' })?.services).toEqual([]);
  });
});

it('a Dockerfile exposes what its last stage does', () => {
  const text =
    'FROM a\nEXPOSE 1\nFROM b\nexpose 80/tcp $X 443\nRUN x \\\n  EXPOSE 5\n# EXPOSE 6\nEXPOSE ${P} 7/udp 8-9\n';
  expect(
    readDockerfile({ file: 'd', text }).exposed.map(({ port, at }) => `${at.line}:${at.column} ${port}`),
  ).toEqual(['4:8 80', '4:18 443']);
});

describe('turbo', () => {
  it.each([
    ['turbo run dev', ['dev'], false],
    ['npx turbo dev --filter web', ['dev'], false],
    ['pnpm turbo run build dev --env-mode=loose', ['build', 'dev'], true],
    ['turbo watch dev --env-mode loose', ['dev'], true],
    ['A=1 yarn turbo dev -- --port 5', ['dev'], false],
  ])('runs %s', (line, tasks, isLoose) => {
    expect(turboRunIn(line.split(' '))).toEqual({ tasks, isLoose });
  });

  it.each(['node turbo', 'turbo', 'echo turbo dev', 'next dev --turbo'])('does not run %s', (line) => {
    expect(turboRunIn(line.split(' '))).toBe(undefined);
  });

  const passes = (config: object, name: string): boolean | undefined => {
    const turbo = readTurboConfig({ file: 't', text: JSON.stringify(config) });
    return turbo === undefined ? undefined : !turbo.isStrict || turbo.passes(name, ['dev']);
  };

  it('hands on what is named, and all in loose mode', () => {
    expect(passes({ tasks: {} }, 'PORT')).toBe(false);
    expect(passes({ tasks: {}, envMode: 'loose' }, 'PORT')).toBe(true);
    expect(passes({ tasks: {}, globalEnv: ['POR?', 'P*'] }, 'PORT')).toBe(true);
    expect(passes({ tasks: {}, globalPassThroughEnv: ['*', '!PORT'] }, 'PORT')).toBe(false);
    expect(passes({ tasks: { dev: { passThroughEnv: ['PORT'] } } }, 'PORT')).toBe(true);
    expect(passes({ tasks: { 'web#dev': { env: ['PORT'] }, build: { env: ['X'] } } }, 'PORT')).toBe(true);
    expect(passes({ tasks: { build: { env: ['PORT'] } } }, 'PORT')).toBe(false);
    expect(passes({ pipeline: { dev: {} } }, 'PORT')).toBe(true);
    expect(passes({ pipeline: { dev: { passThroughEnv: ['X'] } } }, 'PORT')).toBe(false);
  });
});

describe('a command', () => {
  it.each([
    ['vite --port 3000', '--port 3000'],
    ['next dev -p 3000', '-p 3000'],
    ['serve -p3000', '-p3000'],
    ['rails s --port=3000', '--port=3000'],
    ['uvicorn a:b --port 3000 --host ::', '--port 3000'],
    ['gunicorn --bind 0.0.0.0:3000 a', '--bind 0.0.0.0:3000'],
    ['PORT=3000 node a', 'PORT=3000'],
    ['cross-env PORT=3000 node a', 'PORT=3000'],
    ['python -m http.server 8000', 'http.server 8000'],
    ['java -jar a.jar --server.port=8080', '--server.port=8080'],
  ])('%s fixes its port', (line, flag) => {
    expect(portFlagIn(line.split(' '))).toBe(flag);
  });

  it.each([
    'vite --port $PORT',
    'node a --timeout 3000',
    'docker run -p 3000:3000 a',
    'ssh -p 2222 a',
    'node a -p',
    'node a -p=3000',
    'node a --transport 3000',
    'node a --db-port 5432',
    'node --inspect=9229 a',
    'DB_PORT=5432 node a',
  ])('%s does not', (line) => {
    expect(portFlagIn(line.split(' '))).toBe(undefined);
  });

  it('is taken apart at what a shell takes it apart', () => {
    expect(splitCommands(`a "b c" && (d; e|f) || 'g h'`)).toEqual([
      ['a', 'b c'],
      ['d'],
      ['e'],
      ['f'],
      ['g h'],
    ]);
    expect(splitCommands('')).toEqual([]);
  });
});

describe('a value', () => {
  it.each([
    ['A', 'AKIAIOSFODNN7EXAMPLE'],
    ['A', 'prefix ghp_0123456789abcdefghijABCDEFGHIJ012345'],
    ['A', '-----BEGIN RSA PRIVATE KEY-----'],
    ['A', 'xoxb-1234567890-abc'],
    ['DB_PASSWORD', 'q7Lx92mPv4Tz81Kd'],
    ['A', 'bH7x9QmW2kLpR5tZv8Yc3NdF6gJs1AeU'],
  ])('%s=%s looks like a secret', (name, value) => {
    expect(looksLikeSecret(name, value)).toBeDefined();
  });

  it.each([
    ['DB_PASSWORD', 'postgres'],
    ['DB_PASSWORD', '${PW:-q7Lx92mPv4Tz81Kd}'],
    ['A', 'postgres://app:app@127.0.0.1:5432/app_production_database_1'],
    ['A', '/usr/local/share/fonts/truetype/Inter-2024-09'],
    ['A', 'the quick brown fox 42 jumps over the lazy dog'],
    ['A', '0.0.0.0/0,10.0.0.0/8,192.168.0.0/16'],
    ['A', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1'],
    ['SECRET_PATH', './config/secrets-2024.json'],
  ])('%s=%s does not', (name, value) => {
    expect(looksLikeSecret(name, value)).toBe(undefined);
  });
});
