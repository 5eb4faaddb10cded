/** What became of each request, for whoever watches. While nobody does, no request is looked at. */
import type { Clock } from '../lib/clock.ts';
import type { Emitter } from '../lib/emitter.ts';
import type { Decision, Handler, Outcome, RequestHead } from '../proxy/engine/engine.ts';
import { normaliseHost, type RouteTable } from './table.ts';

/** Durations in milliseconds. */
export interface RequestEvent extends Outcome {
  /** When it came, in milliseconds since 1970. */
  readonly time: number;
  readonly method: string;
  /** As the client sent it, with the port. */
  readonly host: string;
  readonly path: string;
  /** From its head to the end of the answer; a WebSocket's to the end of the handshake. */
  readonly duration: number;
  /** How much of that it waited for the service. */
  readonly held: number;
  /** Absent for a host that leads nowhere. */
  readonly stack?: { readonly key: string; readonly slug: string } | undefined;
  readonly service?: string | undefined;
  readonly port?: string | undefined;
  /** The instance that got it, `host:port`; absent where the front answered itself. */
  readonly target?: string | undefined;
}

export interface ObserverParts {
  readonly requests: Emitter<RequestEvent>;
  readonly clock: Clock;
  readonly table: () => RouteTable;
}

export function createObserver({ requests, clock, table }: ObserverParts): (serve: Handler) => Handler {
  const observe = async (serve: Handler, head: RequestHead, signal: AbortSignal): Promise<Decision> => {
    const time = clock.wallTime();
    const begun = clock.now();
    const decision = await serve(head, signal);
    const held = round(clock.now() - begun);
    const where = locate(head, table());
    const tell = (outcome: Outcome, target?: string): void => {
      const { method, host, path } = head;
      const duration = round(clock.now() - begun);
      requests.emit({ time, method, host, path, ...outcome, duration, held, ...where, target });
    };
    if (decision.action === 'forward') return followForward(decision, tell);
    const { status, body } = decision.reply;
    const bytes = head.method === 'HEAD' ? 0 : Buffer.byteLength(body);
    if (signal.aborted) tell({ status: undefined, bytes: 0, complete: false });
    else tell({ status, bytes, complete: true });
    return decision;
  };
  return (serve) => (head, signal) =>
    requests.size === 0 ? serve(head, signal) : observe(serve, head, signal);
}

/** The engine tells the first decision how it went, also when the request ended up elsewhere. */
function followForward(
  decision: Extract<Decision, { action: 'forward' }>,
  tell: (outcome: Outcome, target?: string) => void,
): Decision {
  const { again } = decision;
  let last: Decision = decision;
  const follow = (ask: NonNullable<typeof again>): NonNullable<typeof again> => {
    return async (error, fate) => {
      last = await ask(error, fate);
      return last.action === 'forward' && last.again !== undefined
        ? { ...last, again: follow(last.again) }
        : last;
    };
  };
  return {
    ...decision,
    ...(again === undefined ? {} : { again: follow(again) }),
    onDone: (outcome) =>
      tell(outcome, last.action === 'forward' ? `${last.target.host}:${last.target.port}` : undefined),
  };
}

function locate(
  head: RequestHead,
  table: RouteTable,
): Pick<RequestEvent, 'stack' | 'service' | 'port'> | undefined {
  const host = normaliseHost(head.host);
  if (host === undefined) return undefined;
  const match = table.find(host, head.path);
  const stack = match?.stack ?? table.findHost(host)?.stack;
  if (stack === undefined) return undefined;
  const { key, slug } = stack;
  return { stack: { key, slug }, service: match?.route.service, port: match?.route.port };
}

const round = (ms: number): number => Math.round(ms * 100) / 100;
