/** Relays requests: each goes to an instance of its own choice, also on a connection that is kept. */
import type { Socket } from 'node:net';

import { errnoOf, messageOf } from '../../lib/errors.ts';
import type { Decision, Engine, Reply, RequestHead } from '../../proxy/engine/engine.ts';
import { jsonReply } from '../../proxy/replies.ts';
import { kindOf } from '../../proxy/traffic.ts';
import type { Entry, Gate } from './gate.ts';
import type { Relay } from './tcp.ts';

/** How often a request is made again, where that is safe: for as long as a service may need to start itself anew, 10 s. */
const ATTEMPTS = 100;

/** Milliseconds that exchanges have left when the ramp closes: their instances are gone by then. */
const CLOSE_TIME = 100;

export function createHttpRelay(gate: Gate, engine: Engine, service: string): Relay {
  const decide = (entry: Entry, head: RequestHead, signal: AbortSignal, attempt: number): Decision => {
    if (entry.kind !== 'passage') return { action: 'reply', reply: refuse(service, entry.kind) };
    const { target, passage } = entry;
    return {
      action: 'forward',
      target: { protocol: 'http', ...target },
      // The ramp is the service as far as its clients know: nothing is added or taken away.
      headers: {},
      until: passage.until,
      onEnd: () => passage.end(),
      onUnreachable: (error) => unreachable(service, error),
      ...(attempt >= ATTEMPTS
        ? {}
        : {
            again: async () =>
              decide(await gate.reenter(target, kindOf(head), signal), head, signal, attempt + 1),
          }),
    };
  };

  const server = engine.createServer((head, signal) => {
    const entry = gate.enter(kindOf(head), signal);
    return entry instanceof Promise
      ? entry.then((entered) => decide(entered, head, signal, 1))
      : decide(entry, head, signal, 1);
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

const refuse = (service: string, kind: keyof typeof REASONS): Reply =>
  jsonReply(kind === 'closed' ? 'SERVICE_STOPPED' : 'SERVICE_STARTING', {
    message: `the service ${service} ${REASONS[kind]}`,
    retryAfter: 1,
  });

const unreachable = (service: string, error: Error): Reply =>
  errnoOf(error) === 'ECONNREFUSED'
    ? jsonReply('SERVICE_SILENT', {
        message: `the service ${service} runs, but nothing listens on its port`,
        retryAfter: 1,
      })
    : jsonReply('SERVICE_UNREACHABLE', {
        message: `no answer from the service ${service}: ${messageOf(error)}`,
        retryAfter: 1,
      });
