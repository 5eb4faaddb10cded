/**
 * What the front and the ramps ask of an HTTP proxy engine, and all that an engine may know. An engine
 * moves bytes; every decision is the handler's. Both implementations pass one behaviour suite.
 *
 * What an engine does by itself, before the handler is asked:
 * - it refuses with 400 what two parsers could read differently (`refusal.ts`), so that `head.host` and the
 *   framing of the body have one meaning;
 * - it forwards no hop-by-hop header, none that `Connection` names (RFC 9110 §7.6.1) and no Proxy-Authorization;
 * - it answers `Expect: 100-continue` only when it forwards.
 */
import type { Socket } from 'node:net';

/** The head of a request, as far as routing needs it. It may be kept. */
export interface RequestHead {
  readonly method: string;
  /** Origin form, starts with `/` (an absolute-form target has been taken apart, RFC 9112 §3.2.2), or `*`. */
  readonly path: string;
  /** The Host header as sent (RFC 9112 §3.3); empty when an HTTP/1.0 client sent none. */
  readonly host: string;
  /**
   * A header field by its name in lower case: repeated ones as one line (RFC 9110 §5.3), undefined where there is
   * none.
   */
  field(name: string): string | undefined;
  /** The names, in lower case, of the fields whose names begin like this. */
  fieldsLike(prefix: string): readonly string[];
  /** Asks to go on with another protocol, which is passed on: WebSocket, or any that is not HTTP again (`upgrade.ts`). */
  readonly upgrade: boolean;
  readonly remoteAddress: string;
}

/** Where an instance listens. */
export interface Target {
  readonly protocol: 'http' | 'https';
  /** A loopback name or address means both families, tried in turn; the one that worked is remembered. */
  readonly host: string;
  readonly port: number;
  /** Of https; absent: the certificate is checked as that of any site. */
  readonly tls?: TargetTls | undefined;
}

/** How the certificate of a target is checked. */
export interface TargetTls {
  /** False: any certificate will do. */
  readonly verify: boolean;
  /** The authorities that are believed, in PEM form; default: those of Node. */
  readonly ca?: string | undefined;
  /** The name that is asked for (RFC 6066 §3), and that the certificate must be for; default: the host. */
  readonly serverName?: string | undefined;
}

/** The target answered in HTTP, and what it said cannot be passed on: nothing else has to be found out about it. */
export class UnusableResponseError extends Error {}

/** A whole small answer of portramp's own. `content-length` is added. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * What became of a request without an answer: `unsent` where no connection was made; `stale` where one was lost that had
 * been used before, so that the target may have closed it unread (RFC 9112 §9.3.1); `sent` where a new one was lost, and
 * what the target did with the request nobody knows.
 */
export type Fate = 'unsent' | 'stale' | 'sent';

export interface Forward {
  readonly action: 'forward';
  readonly target: Target;
  /** Set on the forwarded request, over what the client sent; `undefined` removes. Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The request target in place of the one that came, in origin form. */
  readonly path?: string | undefined;
  /**
   * Answers for a target that cannot be reached or breaks off before its response head. May take its time: to find out
   * why.
   */
  readonly onUnreachable: (error: Error) => Reply | Promise<Reply>;
  /**
   * Asked instead of `onUnreachable` where the request can be made again without a risk: nothing of it was sent, or
   * it is idempotent (RFC 9110 §9.2.2), has no body, and no byte of an answer came. What was sent is made again once, on
   * a connection that nobody has used: an engine asks no more after that.
   */
  readonly again?: ((error: Error, fate: Fate) => Decision | Promise<Decision>) | undefined;
  /** Called once, when the exchange is over in whatever way; after `again` was asked, before. A tunnel's: when it is closed. */
  readonly onEnd?: (() => void) | undefined;
  /** Aborts when the exchange has to be over: a WebSocket gets a close frame (RFC 6455 §5.5.1), anything else is cut. */
  readonly until?: AbortSignal | undefined;
  /** Called where lines of the response could not be passed on: their names, and why. Must not throw. */
  readonly onDropped?: ((target: Target, lines: string) => void) | undefined;
  /**
   * Called once, when the exchange is over in whatever way; for a WebSocket handshake, when it is answered. Nothing
   * is counted where nobody asks. Where `again` leads to another decision, the first one is told. Must not throw.
   */
  readonly onDone?: ((outcome: Outcome) => void) | undefined;
}

/** How an exchange went. */
export interface Outcome {
  /** What the client was told; undefined where it left before that. */
  readonly status: number | undefined;
  /** Of the response's body, as far as it was sent. */
  readonly bytes: number;
  /** The client was sent the whole answer. */
  readonly complete: boolean;
}

export type Decision = Forward | { readonly action: 'reply'; readonly reply: Reply };

/**
 * Decides for one request. May take its time (a held request): `signal` aborts when the client has gone.
 */
export type Handler = (head: RequestHead, signal: AbortSignal) => Decision | Promise<Decision>;

export interface EngineServer {
  /** Takes over a connection accepted by the caller's `net.Server`. */
  accept(socket: Socket): void;
  /** Connections that are open now. */
  readonly connections: number;
  /** Ends idle connections now and the others when their exchange is over, or at the deadline (ms from now). */
  close(deadline: number): Promise<void>;
}

export interface Engine {
  readonly name: 'http-proxy' | 'wire';
  createServer(handler: Handler): EngineServer;
}
