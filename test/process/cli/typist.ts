/** A checkout whose commands are wrong or whose services are not well, and someone who types what is said then. */
import { expect } from 'vitest';

import {
  createMachine,
  node,
  type Machine,
  type Result,
  type Running,
  type RunOptions,
  type Workspace,
} from '../workspace.ts';

/** Milliseconds that a command may take on a machine that is busy. */
export const LONG = 100_000;

export interface Typist {
  readonly machine: Machine;
  readonly shop: Workspace;
  /** A folder without a contract. */
  readonly empty: string;
  /** Types words in the folder of the shop; a variable that is empty is not set. */
  readonly type: (words: string | readonly string[], options?: RunOptions) => Promise<Result>;
  /** Types words, and gives all that is said, on both streams. */
  readonly read: (words: string | readonly string[], options?: RunOptions) => Promise<string>;
  /** Types words, and finds in what is said what is to be typed. */
  readonly hear: (words: string | readonly string[], hint: RegExp, options?: RunOptions) => Promise<string[]>;
  /** Types the words of a command that goes on. */
  readonly start: (words: string, options?: RunOptions) => Running;
}

const SHOP = `version: 1
workspace: shop
environments: { test: }
services:
  api: { command: ${node('server.js')} }
  later: { command: ${node('server.js')}, start: manual }
  asked: { command: ${node('server.js')}, start: request, ports: { http: { path: /api } } }
  away: { external: "127.0.0.1:9", ports: { tcp: { appProtocol: tcp } } }
  slow: { command: "echo loading; exec sleep 1000", start: manual, ports: { http: {} }, ready: { tcp: true, timeout: 10m } }
  behind: { command: sleep 1000, start: manual, ports: false, ready: { log: never }, consumes: [slow] }
  seed: { kind: task, command: "true", run: manual }
  bad: { command: "echo no such luck; exit 7", start: manual, ports: false, ready: { log: never }, restart: { policy: no } }
`;

/** Of a desktop, on which a browser would be opened. */
const DESKTOP = ['DISPLAY', 'WAYLAND_DISPLAY', 'BROWSER', 'WSL_DISTRO_NAME'];

/** Opens the shop on a machine of its own, which the caller closes. */
export function createTypist(): Typist {
  const machine = createMachine();
  for (const name of DESKTOP) delete machine.environment[name];
  const shop = machine.workspace('shop', SHOP);
  const split = (words: string | readonly string[]): readonly string[] => {
    // What was not said would be typed as nothing, which is no error.
    expect(words).not.toBe('');
    return typeof words === 'string' ? words.split(' ') : words;
  };
  const settle = ({ cwd = shop.root, env = {} }: RunOptions = {}): RunOptions => {
    const kept = Object.entries({ ...machine.environment, ...env }).filter(([, value]) => value !== '');
    return { cwd, env: Object.fromEntries(kept) };
  };
  const type: Typist['type'] = (words, options) => machine.run(split(words), settle(options));
  const read: Typist['read'] = async (words, options) => {
    const { stdout, stderr } = await type(words, options);
    return `${stdout}${stderr}`;
  };
  return {
    machine,
    shop,
    empty: machine.folder('empty'),
    type,
    read,
    hear: async (words, hint, options) => {
      const said = await read(words, options);
      expect(said).toMatch(hint);
      return hint.exec(said)?.slice(1) ?? [];
    },
    start: (words, options) => machine.start(split(words), settle(options)),
  };
}
