/**
 * The engine on the npm package `http-proxy` (1.18.1, its last release): an escape hatch, and the measure that
 * the other engine is held against. The package alone would smuggle, leak and crash; what it gets wrong is
 * prevented here and in the files beside this one.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import httpProxy from 'http-proxy';

import { systemClock, type Clock } from '../../../lib/clock.ts';
import { PortrampError } from '../../../lib/errors.ts';
import type { Decision, Engine, EngineServer, Handler, Reply, RequestHead } from '../engine.ts';
import { INTERNAL_ERROR, refusal } from '../refusal.ts';
import { systemLookUp, type PresenceOptions } from '../../presence.ts';
import { jsonReply } from '../../replies.ts';
import { protocolsOf, upgradeOf } from '../upgrade.ts';
import { trackConnections } from './connections.ts';
import { createDialler } from './dial.ts';
import { forward, reply } from './exchange.ts';
import { createHalfClosed } from './half-closed.ts';
import { isWebSocket, readHead } from './head.ts';
import { withoutUpgrade } from './ignored-upgrade.ts';
import { createLingers } from './lingers.ts';
import { replyRaw, tunnel, watchWaiting, type Upgrade } from './tunnel.ts';

export interface HttpProxyOptions {
  /** A request head that is not whole after this time gets 408 (milliseconds). */
  readonly headTime?: number;
  /** By which clients are read that were answered and go on sending. */
  readonly clock?: Clock;
  /** How clients that have sent FIN are looked up; default: as the system can. */
  readonly lookUp?: PresenceOptions['lookUp'];
}

export function createHttpProxyEngine(options: HttpProxyOptions = {}): Engine {
  return { name: 'http-proxy', createServer: (handler) => createEngineServer(handler, options) };
}

function createEngineServer(handler: Handler, options: HttpProxyOptions): EngineServer {
  const { headTime = 30_000, clock = systemClock } = options;
  const lingers = createLingers(clock);
  const lookUp = 'lookUp' in options ? options.lookUp : systemLookUp;
  const halfClosed = createHalfClosed({ clock, lookUp });
  const means = { proxy: createProxy(), dialler: createDialler(), lingers };
  const server = createServer({
    maxHeaderSize: 65_536,
    headersTimeout: headTime,
    connectionsCheckingInterval: headTime / 4,
    // An upload, or a stream of events, may take as long as it takes.
    requestTimeout: 0,
    keepAliveTimeout: 60_000,
    noDelay: true,
  });
  // Node's own switch, without a type: a client that sends FIN is not taken for one that left.
  Object.assign(server, { httpAllowHalfOpen: true });
  const connections = trackConnections(server);

  const serve = async (req: IncomingMessage, res: ServerResponse, onForward?: () => void): Promise<void> => {
    const head = readHead(req, false);
    if ('status' in head) return reply({ lingers, req, res }, head);
    const gone = new AbortController();
    res.once('close', () => gone.abort());
    halfClosed.wait(req.socket, 'decision');
    const decision = await decide(handler, head, gone.signal);
    if (gone.signal.aborted) return endOf(decision);
    if (decision.action === 'reply') return reply({ lingers, req, res }, decision.reply);
    onForward?.();
    halfClosed.wait(req.socket, 'service');
    forward({ ...means, req, res }, decision);
  };

  const serveUpgrade = async (upgrade: Upgrade): Promise<void> => {
    const { req, socket } = upgrade;
    if (!isWebSocket(req)) {
      const protocol = upgradeOf(req.headers.upgrade);
      if (protocol === undefined || protocolsOf(protocol).includes('websocket'))
        return withoutUpgrade(server, upgrade);
      return replyRaw(socket, lingers, unsupported(protocol));
    }
    connections.keep(socket);
    const head = readHead(req, true);
    if ('status' in head) return replyRaw(socket, lingers, head);
    halfClosed.wait(socket, 'decision');
    const waiting = watchWaiting(upgrade, halfClosed);
    const decision = await decide(handler, head, waiting.gone);
    if (waiting.gone.aborted) {
      endOf(decision);
      socket.destroy();
    } else if (decision.action === 'forward') {
      halfClosed.wait(socket, 'service');
      tunnel({ ...means, req, waiting }, decision);
    } else {
      waiting.end();
      replyRaw(socket, lingers, decision.reply);
    }
  };

  server.on('request', (req, res) => guard(req, serve(req, res)));
  server.on('checkContinue', (req, res) =>
    guard(
      req,
      serve(req, res, () => res.writeContinue()),
    ),
  );
  server.on('upgrade', (req, _, early) => guard(req, serveUpgrade({ req, socket: req.socket, early })));
  server.on('connect', ({ socket }) => replyRaw(socket, lingers, refusal('CONNECT is not served here')));
  return {
    accept: (socket) => {
      halfClosed.follow(socket, () => connections.isBusy(socket));
      connections.accept(socket);
    },
    get connections() {
      return connections.count;
    },
    close: (deadline) => connections.close(deadline),
  };
}

/** The package knows WebSocket alone. */
const unsupported = (protocol: string): Reply =>
  jsonReply('UPGRADE_UNSUPPORTED', {
    message: `PORTRAMP_ENGINE=http-proxy passes on WebSocket, and no upgrade to ${protocol}: unset PORTRAMP_ENGINE and restart the daemon`,
  });

/** Tells the maker of a decision that its client has left meanwhile. */
function endOf(decision: Decision): void {
  if (decision.action === 'reply') return;
  decision.onDone?.({ status: undefined, bytes: 0, complete: false });
  decision.onEnd?.();
}

/** A surprise ends the connection that it came up on, and no other. */
function guard({ socket }: IncomingMessage, served: Promise<void>): void {
  served.catch(() => socket.destroy());
}

/** The same for a handler that throws, where an answer is still possible. */
async function decide(handler: Handler, head: RequestHead, signal: AbortSignal): Promise<Decision> {
  try {
    return await handler(head, signal);
  } catch {
    return { action: 'reply', reply: INTERNAL_ERROR };
  }
}

/** Without its pass that turns a chunked DELETE into one without a body, whose chunks are then a second request. */
function createProxy(): httpProxy {
  const proxy = httpProxy.createProxyServer({});
  const passes = proxy as unknown as { webPasses: ((...args: unknown[]) => unknown)[] };
  const kept = passes.webPasses.filter((pass) => pass.name !== 'deleteLength');
  if (kept.length !== passes.webPasses.length - 1) {
    throw new PortrampError('INTERNAL', 'http-proxy is not the version that this engine was made for');
  }
  passes.webPasses = kept;
  return proxy;
}
