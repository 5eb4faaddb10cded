/** What processes hold: memory that a collection of garbage leaves, and descriptors. */
import { readdirSync } from 'node:fs';

import { WebSocket } from 'ws';

export interface Usage {
  /** Megabytes: objects and buffers that are in use. */
  readonly memory: number;
  /** Megabytes: what V8 has compiled of the program. Grows for a while with what has run, and never beyond the program. */
  readonly code: number;
  readonly descriptors: number;
}

/** Where a Node process listens for a debugger after SIGUSR1 (https://nodejs.org/api/process.html#signal-events). */
const INSPECTOR = 'http://127.0.0.1:9229/json/list';

/** One after the other: they all listen on the same port. */
export async function measure<Name extends string>(pids: Record<Name, number>): Promise<Record<Name, Usage>> {
  const found: [string, Usage][] = [];
  for (const [name, pid] of Object.entries<number>(pids)) {
    const descriptors = readdirSync(`/proc/${pid}/fd`).length;
    found.push([name, { ...(await measureMemory(pid)), descriptors }]);
  }
  return Object.fromEntries(found) as Record<Name, Usage>;
}

/** `memory` without `code`, both in bytes. */
const EXPRESSION = `(() => {
  const { heapUsed, external } = process.memoryUsage();
  const counted = process.getBuiltinModule('node:v8').getHeapCodeStatistics();
  const code = counted.code_and_metadata_size + counted.bytecode_and_metadata_size;
  return JSON.stringify({ memory: heapUsed + external - code, code });
})()`;

async function measureMemory(pid: number): Promise<Pick<Usage, 'memory' | 'code'>> {
  process.kill(pid, 'SIGUSR1');
  const inspector = await connect(pid);
  try {
    const { result: asked } = await inspector.ask('Runtime.evaluate', { expression: 'process.pid' });
    if (asked?.value !== pid) throw new Error(`somebody else listens on ${INSPECTOR}`);
    // Twice: what the first frees may hold something that the second frees.
    await inspector.ask('HeapProfiler.collectGarbage');
    await inspector.ask('HeapProfiler.collectGarbage');
    const { result } = await inspector.ask('Runtime.evaluate', { expression: EXPRESSION });
    const { memory, code } = JSON.parse(String(result?.value)) as Pick<Usage, 'memory' | 'code'>;
    return { memory: memory / 1_048_576, code: code / 1_048_576 };
  } finally {
    // It answers no more then.
    inspector.tell('Runtime.evaluate', {
      expression: `setImmediate(() => process.getBuiltinModule('node:inspector').close())`,
    });
    await inspector.closed;
  }
}

interface Answer {
  readonly result?: { readonly value?: unknown };
}

interface Inspector {
  ask(method: string, params?: object): Promise<Answer>;
  tell(method: string, params?: object): void;
  readonly closed: Promise<void>;
}

async function connect(pid: number): Promise<Inspector> {
  const socket = new WebSocket(await findAddress(pid));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const waiting = new Map<number, (answer: Answer) => void>();
  let last = 0;
  socket.on('message', (data: Buffer) => {
    const { id, result = {} } = JSON.parse(data.toString()) as { id?: number; result?: Answer };
    if (id !== undefined) waiting.get(id)?.(result);
  });
  const tell = (method: string, params: object = {}): void => {
    last += 1;
    socket.send(JSON.stringify({ id: last, method, params }));
  };
  return {
    tell,
    ask: (method, params) =>
      new Promise((resolve) => {
        tell(method, params);
        waiting.set(last, resolve);
      }),
    closed: new Promise((resolve) => socket.once('close', () => resolve())),
  };
}

/** Milliseconds. */
const PATIENCE = 20_000;

async function findAddress(pid: number): Promise<string> {
  const began = performance.now();
  for (;;) {
    try {
      const answer = await fetch(INSPECTOR);
      const [target] = (await answer.json()) as { webSocketDebuggerUrl?: string }[];
      if (target?.webSocketDebuggerUrl !== undefined) return target.webSocketDebuggerUrl;
    } catch {
      // It does not listen yet.
    }
    if (performance.now() - began > PATIENCE)
      throw new Error(`process ${pid} cannot be asked on ${INSPECTOR}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const renderUsage = (usage: Record<string, Usage>): string =>
  Object.entries(usage)
    .map(
      ([name, { memory, code, descriptors }]) =>
        `${name} ${memory.toFixed(2)} MB and ${code.toFixed(2)} MB of code, ${descriptors} descriptors`,
    )
    .join('; ');

/** Whether nobody holds more than `share` above what they held first. */
export const isWithin = (first: Record<string, Usage>, last: Record<string, Usage>, share: number): boolean =>
  Object.entries(first).every(([name, before]) => {
    const now = last[name];
    return (
      now !== undefined &&
      now.memory <= before.memory * (1 + share) &&
      now.descriptors <= before.descriptors * (1 + share)
    );
  });
