/** Relays requests: each goes to an instance of its own choice, also on a connection that is kept. */
import type { Socket } from 'node:net';

import type { Clock } from '../../lib/clock.ts';
import { errnoOf, messageOf } from '../../lib/errors.ts';
import type { Decision, Engine, Reply, RequestHead } from '../../proxy/engine/engine.ts';
import { RESTART_TIME } from '../../proxy/hold.ts';
import { jsonReply } from '../../proxy/replies.ts';
import { kindOf } from '../../proxy/traffic.ts';
import type { Entry, Gate } from './gate.ts';
import type { Relay } from './tcp.ts';

/** Milliseconds that exchanges have left when the ramp closes: their instances are gone by then. */
const CLOSE_TIME = 100;

export interface HttpRelayOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly service: string;
  /** The last lines that the service printed. */
  readonly lines: () => readonly string[];
}

export function createHttpRelay(gate: Gate, options: HttpRelayOptions): Relay {
  const { engine, clock } = options;
  /** @param since when the first instance refused, by the clock */
  const decide = (entry: Entry, head: RequestHead, signal: AbortSignal, since?: number): Decision => {
    if (entry.kind !== 'passage') return { action: 'reply', reply: refuse(options, entry.kind) };
    const { target, passage } = entry;
    return {
      action: 'forward',
      target: { protocol: 'http', ...target },
      // The ramp is the service as far as its clients know: nothing is added or taken away.
      headers: {},
      until: passage.until,
      onEnd: () => passage.end(),
      onUnreachable: (error) => unreachable(options, error),
      again: async (error, fate) => {
        if (fate === 'sent') {
          const another = gate.another(target, kindOf(head));
          return another === undefined
            ? { action: 'reply', reply: unreachable(options, error) }
            : decide(another, head, signal, since);
        }
        const first = since ?? clock.now();
        if (clock.now() - first >= RESTART_TIME)
          return { action: 'reply', reply: unreachable(options, error) };
        return decide(await gate.reenter(target, kindOf(head), signal), head, signal, first);
      },
    };
  };

  const server = engine.createServer((head, signal) => {
    const entry = gate.enter(kindOf(head), signal);
    return entry instanceof Promise
      ? entry.then((entered) => decide(entered, head, signal))
      : decide(entry, head, signal);
  });
  return {
    accept: (socket: Socket) => server.accept(socket),
    close: () => server.close(CLOSE_TIME),
  };
}

const REASONS: Record<Exclude<Entry['kind'], 'passage'>, string> = {
  late: 'is not ready yet',
  full: 'is not ready yet, and too many requests wait for it',
  gone: 'was asked by somebody who left',
  closed: 'does not run',
};

type Told = Pick<HttpRelayOptions, 'service' | 'lines'>;

const refuse = ({ service, lines }: Told, kind: keyof typeof REASONS): Reply =>
  jsonReply(kind === 'closed' ? 'SERVICE_STOPPED' : 'SERVICE_STARTING', {
    message: `the service ${service} ${REASONS[kind]}`,
    log: lines(),
    retryAfter: 1,
  });

const unreachable = ({ service, lines }: Told, error: Error): Reply =>
  errnoOf(error) === 'ECONNREFUSED'
    ? jsonReply('SERVICE_SILENT', {
        message: `the service ${service} runs, but nothing listens on its port`,
        log: lines(),
        retryAfter: 1,
      })
    : jsonReply('SERVICE_UNREACHABLE', {
        message: `no answer from the service ${service}: ${messageOf(error)}`,
        retryAfter: 1,
      });
