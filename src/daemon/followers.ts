/**
 * Clients that follow the requests of the front. They get what they can take: a client that reads too slowly loses
 * requests and is told how many, and nobody else waits for it.
 */
import type { RequestEvent } from '../front/observe.ts';
import type { Clock } from '../lib/clock.ts';
import type { Emitter } from '../lib/emitter.ts';
import { keyText } from '../ports/ledger.ts';
import type { DaemonParams, NoticeParams } from '../protocol/messages.ts';
import type { Peer } from '../protocol/peer.ts';

export interface Followers {
  /** From now on; what the client followed before is over. */
  follow(peer: FollowerPeer, what: DaemonParams<'follow'>): void;
  drop(peer: FollowerPeer): void;
  close(): void;
}

export type FollowerPeer = Pick<Peer, 'notify' | 'unsent'>;

export interface FollowersOptions {
  readonly requests: Pick<Emitter<RequestEvent>, 'on'>;
  readonly clock: Clock;
}

/** Requests are sent together, this often (milliseconds). */
const INTERVAL = 50;

/** So many at once: more, that often, nobody reads. */
const MAX_BATCH = 500;

/** A client that has left so much unread (bytes) gets nothing more for now. */
const MAX_UNSENT = 256 * 1024;

export function createFollowers({ requests, clock }: FollowersOptions): Followers {
  const ends = new Map<FollowerPeer, () => void>();
  const drop = (peer: FollowerPeer): void => {
    ends.get(peer)?.();
    ends.delete(peer);
  };
  return {
    follow: (peer, what) => {
      drop(peer);
      const post = createPost(peer, clock);
      const stop = requests.on((event) => {
        if (isWanted(event, what)) post.add(event);
      });
      ends.set(peer, () => {
        stop();
        post.close();
      });
    },
    drop,
    close: () => {
      for (const peer of ends.keys()) drop(peer);
    },
  };
}

function isWanted({ stack, service }: RequestEvent, what: DaemonParams<'follow'>): boolean {
  if (what.stack !== undefined && stack?.key !== keyText(what.stack)) return false;
  const { services = [] } = what;
  return services.length === 0 || (service !== undefined && services.includes(service));
}

function createPost(peer: FollowerPeer, clock: Clock): { add(event: RequestEvent): void; close(): void } {
  let batch: RequestEvent[] = [];
  let missed = 0;
  let cancel: (() => void) | undefined;
  const send = (): void => {
    cancel = undefined;
    if (peer.unsent > MAX_UNSENT) {
      missed += batch.length;
      batch = [];
      // Nothing more may come, and what is missing has still to be told.
      cancel = clock.after(INTERVAL, send);
      return;
    }
    peer.notify('requests', { requests: batch.map(encode), missed } satisfies NoticeParams<'requests'>);
    batch = [];
    missed = 0;
  };
  return {
    add: (event) => {
      if (batch.length < MAX_BATCH) batch.push(event);
      else missed += 1;
      cancel ??= clock.after(INTERVAL, send);
    },
    close: () => cancel?.(),
  };
}

const encode = ({ stack, ...event }: RequestEvent): NoticeParams<'requests'>['requests'][number] => ({
  ...event,
  ...(stack === undefined ? {} : { stack: stack.slug }),
});
