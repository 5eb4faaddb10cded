/** What services write themselves into the files that they watch: they are not restarted by it for ever. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { createMachine, node, type Machine, type Workspace } from '../workspace.ts';

let machine: Machine;
let shop: Workspace;
/** Each service has a file there, with a line for each of its runs. */
let runs: string;

beforeEach(() => {
  machine = createMachine();
  runs = machine.folder('runs');
});
afterEach(() => machine.close());

const SERVER = node('server.js').slice(1, -1).replace(',', '');
const PORTLESS = 'ports: false';
const WATCH = "watch: ['**', '!other/**']";

interface Writer {
  readonly name: string;
  readonly fields: string;
  /** What it watches, before it is told what to write there. */
  readonly patterns: string;
  readonly file: string;
  /** Runs for each restart. */
  readonly size: number;
}

const WRITERS: readonly Writer[] = [
  { name: 'alone', fields: PORTLESS, patterns: WATCH, file: 'log [1].txt', size: 1 },
  {
    name: 'beside',
    fields: 'ready: { http: /healthz }, transition: { strategy: handoff }',
    patterns: WATCH,
    file: 'up.log',
    size: 1,
  },
  {
    name: 'twice',
    fields: 'ready: { http: /healthz }, replicas: 2',
    patterns: WATCH,
    file: 'up.log',
    size: 2,
  },
  {
    name: 'made',
    fields: 'kind: task, run: changed',
    patterns: "inputs: ['*']",
    file: 'made.txt',
    size: 1,
  },
];

/** @param patterns what each of them watches, where that is another than at first */
const contract = (patterns: Readonly<Record<string, string>> = {}): string => {
  const lines = WRITERS.map(({ name, fields, patterns: first, file }) => {
    const rest = name === 'made' ? '' : `; exec ${fields === PORTLESS ? 'sleep 1000' : SERVER}`;
    const command = `"echo run >> ${join(runs, name)}; echo x >> '${file}'${rest}"`;
    return `  ${name}: { dir: ${name}, command: ${command}, ${fields}, ${patterns[name] ?? first} }\n`;
  });
  return `version: 1\nworkspace: shop\nservices:\n${lines.join('')}`;
};

const countRuns = (name: string): number => readFileSync(join(runs, name), 'utf8').split('\n').length - 1;
const logOf = (name: string): string => readFileSync(join(machine.home.logs, 'shop', `${name}.log`), 'utf8');

/** Writes to a source of each service, and sees that each is started once for that. */
async function edit(text: string): Promise<void> {
  const before = new Map(WRITERS.map(({ name }) => [name, countRuns(name)]));
  for (const { name } of WRITERS) shop.write(`${name}/main.js`, text);
  for (const { name, size } of WRITERS) {
    const expected = (before.get(name) ?? 0) + size;
    await eventually(() => expect(`${name} ${countRuns(name)}`).toBe(`${name} ${expected}`));
  }
  await eventually(async () => {
    for (const { state } of (await shop.stack()).services) expect(['ready', 'done']).toContain(state);
  });
}

/** Ends when what each service wrote was tried again, and is held all the same. */
async function allAreHeld(): Promise<void> {
  for (const { name } of WRITERS)
    await eventually(() => expect(logOf(name)).toMatch('changed, and is quiet now'), LONG);
  await eventually(async () => {
    const held = (await shop.stack()).services.map((service) => [service.name, service.held?.files]);
    expect(Object.fromEntries(held)).toEqual(
      Object.fromEntries(WRITERS.map(({ name, file }) => [name, [file]])),
    );
  }, LONG);
}

const LONG = 90_000;

describe('services that write what they watch', () => {
  it(
    'are restarted by edits alone, and by what is printed not at all by what they write',
    { timeout: 8 * LONG },
    async () => {
      shop = machine.workspace('shop', contract());
      for (const { name } of WRITERS) shop.write(`${name}/main.js`, '0');
      expect((await shop.run('dev', '-d')).code).toBe(0);
      await allAreHeld();
      for (const { name, size } of WRITERS) {
        expect(logOf(name).match(/restart it no more/g)).toHaveLength(1);
        // How soon it writes is up to the machine.
        expect(countRuns(name)).toBeLessThanOrEqual(12 * size);
      }
      await edit('1');
      await edit('22');

      const listed = (await shop.run('ls')).stdout;
      const cures: Record<string, string> = {};
      for (const { name } of WRITERS) {
        const told = (await shop.run('why', name)).stdout;
        const [line = '', cure = ''] = new RegExp(`write "(.*)" in services\\.${name};`).exec(told) ?? [];
        expect(cure, told).toMatch(/^(?:watch|inputs): \[.*!/);
        expect(listed).toContain(line);
        cures[name] = cure;
      }
      // A command gives them all their restarts again, and what is excluded causes none.
      shop.contract(contract(cures));
      await eventually(async () => {
        for (const { held } of (await shop.stack()).services) expect(held).toBeUndefined();
      });
      await edit('333');
      await edit('4444');
      for (const { held } of (await shop.stack()).services) expect(held).toBeUndefined();
    },
  );
});
