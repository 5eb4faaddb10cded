/** What `portramp doctor` looks at. Reads only: it starts no daemon and writes no file. */
import { execFile } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { promisify } from 'node:util';

import { PortrampError, messageOf } from '../lib/errors.ts';
import { locateHome } from '../lib/home.ts';
import { checkStateFolder, checkWritable } from '../lib/state-folder.ts';
import type { DaemonResult } from '../protocol/messages.ts';
import { withDaemon } from './daemon-access.ts';
import { VERSION } from './version.ts';

export interface Finding {
  readonly topic: string;
  readonly level: 'ok' | 'note' | 'problem';
  readonly text: string;
  readonly hint?: string;
}

export async function examineMachine(): Promise<Finding[]> {
  const findings = await Promise.all([
    git(),
    stateFolder(),
    daemon(),
    loopback('IPv4', '127.0.0.1'),
    loopback('IPv6', '::1'),
    names(),
    watches(),
  ]);
  return [node(), ...findings.flat()];
}

function node(): Finding {
  return {
    topic: 'portramp',
    level: 'ok',
    text: `${VERSION} on Node ${process.versions.node}, ${process.platform}`,
  };
}

async function git(): Promise<Finding> {
  try {
    const { stdout } = await promisify(execFile)('git', ['--version'], { timeout: 5_000 });
    return { topic: 'git', level: 'ok', text: stdout.trim() };
  } catch {
    return {
      topic: 'git',
      level: 'note',
      text: 'git was not found',
      hint: 'without it every folder is a workspace of its own, and worktrees are not told apart',
    };
  }
}

async function stateFolder(): Promise<Finding> {
  const topic = 'state';
  const home = locateHome();
  try {
    await checkStateFolder(home);
    await checkWritable(home.root);
    const stats = await stat(home.root).catch(() => undefined);
    if (stats === undefined) return { topic, level: 'ok', text: `${home.root} (not made yet)` };
    if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) {
      return {
        topic,
        level: 'problem',
        text: `others can look into ${home.root}`,
        hint: `chmod 700 ${home.root}`,
      };
    }
    return { topic, level: 'ok', text: home.root };
  } catch (error) {
    return problem(topic, error);
  }
}

function problem(topic: string, error: unknown): Finding {
  const hint = error instanceof PortrampError ? error.hint : undefined;
  return { topic, level: 'problem', text: messageOf(error), ...(hint === undefined ? {} : { hint }) };
}

async function daemon(): Promise<Finding[]> {
  try {
    const status = await withDaemon(async (client) => client?.request('status', {}));
    return status === undefined
      ? [{ topic: 'daemon', level: 'ok', text: 'not running; "portramp dev" starts it' }]
      : describeStatus(status);
  } catch (error) {
    // What is wrong with the folder has been said under "state".
    if (error instanceof PortrampError && error.code === 'STATE_FOLDER') return [];
    return [problem('daemon', error)];
  }
}

function describeStatus({ pid, version, stacks, front, problems }: DaemonResult<'status'>): Finding[] {
  return [
    {
      topic: 'daemon',
      level: 'ok',
      text: `pid ${pid}, version ${version}, ${stacks} ${stacks === 1 ? 'stack' : 'stacks'}`,
    },
    front.problem === undefined
      ? {
          topic: 'front',
          level: 'ok',
          text: `http://*.localhost${front.http === 80 ? '' : `:${front.http}`}`,
        }
      : { topic: 'front', level: 'problem', text: front.problem },
    ...problems
      .filter((text) => text !== front.problem)
      .map((text): Finding => ({ topic: 'daemon', level: 'problem', text })),
  ];
}

async function loopback(topic: string, host: string): Promise<Finding> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, host, resolve);
    });
    return { topic, level: 'ok', text: `${host} works` };
  } catch (error) {
    return {
      topic,
      level: host === '::1' ? 'note' : 'problem',
      text: `${host} cannot be bound: ${messageOf(error)}`,
      ...(host === '::1' ? { hint: 'the front listens on 127.0.0.1 only' } : {}),
    };
  } finally {
    server.close();
  }
}

/** Browsers and curl resolve `*.localhost` by themselves (RFC 6761 §6.3), other clients ask the system. */
async function names(): Promise<Finding> {
  const topic = '*.localhost';
  try {
    const { address } = await lookup('portramp-doctor.localhost');
    return { topic, level: 'ok', text: `the system resolves it to ${address}` };
  } catch {
    return {
      topic,
      level: 'note',
      text: 'browsers, curl and Node services of a stack resolve it; getent, wget, Python and others here do not',
      hint: 'install libnss-myhostname, or use the address that "portramp ls" shows',
    };
  }
}

async function watches(): Promise<Finding[]> {
  if (process.platform !== 'linux') return [];
  const { readFile } = await import('node:fs/promises');
  const limit = Number(await readFile('/proc/sys/fs/inotify/max_user_watches', 'utf8').catch(() => 'NaN'));
  if (!(limit < 65_536)) return [];
  return [
    {
      topic: 'inotify',
      level: 'note',
      text: `only ${limit} watches are allowed: dev servers may miss changes`,
      hint: 'sudo sysctl fs.inotify.max_user_watches=524288',
    },
  ];
}
