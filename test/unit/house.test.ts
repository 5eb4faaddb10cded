import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../../src');

interface Import {
  readonly file: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const imports = files.flatMap(importsOf);
const roomOf = (path: string): string => path.split('/')[0] ?? '';

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const statements = text.matchAll(
    /^(?:import|export)\s+(type\s)?[^'";]*?from\s+'([^']+)'|^import\s+'([^']+)'|import\('([^']+)'\)/gm,
  );
  return [...statements].map(([, type, from, bare, dynamic]) => ({
    file,
    specifier: from ?? bare ?? dynamic ?? '',
    typeOnly: type !== undefined,
  }));
}

/** The table of `src/README.md`: room → rooms that it may import. */
function readTable(): Map<string, string[]> {
  const rows = readFileSync(join(SRC, 'README.md'), 'utf8').matchAll(
    /^\| `(\w+)\/`[^|]*\|[^|]*\|([^|]*)\|$/gm,
  );
  return new Map(
    [...rows].map(([, room = '', allowed = '']) => [
      room,
      [...allowed.matchAll(/`(\w+)`/g)].map((match) => match[1] ?? ''),
    ]),
  );
}

describe('the map of the house', () => {
  const table = readTable();
  const rooms = readdirSync(SRC, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);

  it('names every room, and only rooms that exist', () => {
    expect([...table.keys()].sort()).toEqual(rooms.sort());
  });

  it('is what the imports say', () => {
    const broken = imports
      .filter(({ specifier }) => specifier.startsWith('.'))
      .map(({ file, specifier }) => {
        const target = relative(SRC, resolve(SRC, dirname(file), specifier));
        return { file, room: roomOf(file), target: roomOf(target), specifier };
      })
      .filter(({ room, target }) => target !== room && target !== '..' && room !== 'cli')
      .filter(({ room, target }) => !table.get(room)?.includes(target))
      .map(({ file, specifier }) => `${file} imports ${specifier}`);
    expect(broken).toEqual([]);
  });

  it('keeps the pure rooms pure', () => {
    const pure =
      /^(contract|plan|compose|check)\/|^stack\/(service|running|exit|reconcile|needs|rules|snapshot|roster)|^front\/table/;
    const impure =
      /^contract\/(load|find|env-files|certificates)\.ts$|^check\/(static-project|workspace|gather|tracked|revision\/read|revision\/git)\.ts$/;
    const broken = imports
      .filter(({ file, typeOnly }) => pure.test(file) && !impure.test(file) && !typeOnly)
      .filter(({ specifier }) => specifier.startsWith('node:') && specifier !== 'node:path')
      .map(({ file, specifier }) => `${file} imports ${specifier}`);
    expect(broken).toEqual([]);
  });
});

describe('time', () => {
  const filesWith = (pattern: RegExp): string[] =>
    files.filter((file) => pattern.test(readFileSync(join(SRC, file), 'utf8'))).sort();

  it('comes from the clock: nobody else asks for the date, or makes a duration of it', () => {
    expect(filesWith(/\bDate\.now\b|new Date\(\)|process\.hrtime/)).toEqual(['lib/clock.ts']);
    expect(filesWith(/\bperformance\.now\b/)).toEqual([
      'lib/clock.ts',
      // The cost of a pass, where the system does not tell the time of a core.
      'ports/system/linux.ts',
      'ports/system/macos.ts',
      'ports/system/windows.ts',
    ]);
  });

  it('that people and other programs read is asked for where they read it, and compared with files alone', () => {
    expect(filesWith(/\bwallTime\b|\btimestamp\(\)|\btoday\b(?=\()|= today\b/)).toEqual([
      'check/workspace.ts',
      'cli/commands/clean.ts',
      'cli/commands/diff.ts',
      'daemon/front-store.ts',
      'daemon/log.ts',
      'daemon/stacks.ts',
      'front/observe.ts',
      'lib/clock.ts',
      'lib/state-entries.ts',
      'ports/ledger-file.ts',
      'protocol/daemon-copy.ts',
      'proxy/engine/wire/reply.ts',
      'runtime/compose/engine.ts',
      'stack/edits.ts',
      'stack/logs/store.ts',
      'stack/replica.ts',
      'stack/tasks/record.ts',
      'stack/watch/sources.ts',
    ]);
  });
});

describe('commands that only talk to the daemon', () => {
  it('load neither zod, yaml nor chokidar', () => {
    const seen = new Set<string>();
    const packages = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const { specifier } of staticImports(file)) {
        if (specifier.startsWith('.')) visit(relative(SRC, resolve(SRC, dirname(file), specifier)));
        else packages.add(specifier);
      }
    };
    visit('cli/main.ts');
    visit('protocol/client.ts');
    expect([...packages].filter((name) => /^(zod|yaml|chokidar|http-proxy|get-port)/.test(name))).toEqual([]);
  });
});

function staticImports(file: string): Import[] {
  if (!file.endsWith('.ts')) return [];
  const dynamic = new Set(
    [...readFileSync(join(SRC, file), 'utf8').matchAll(/import\('([^']+)'\)/g)].map((match) => match[1]),
  );
  return imports.filter((entry) => entry.file === file && !entry.typeOnly && !dynamic.has(entry.specifier));
}
