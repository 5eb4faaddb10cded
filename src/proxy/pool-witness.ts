/**
 * Which targets serve many connections at a time. One that does not (Python's `HTTPServer`, and what is made of it) stays
 * with a connection until that is closed: as long as an unused one is left open to it, nobody else gets an answer, be it
 * another request, another consumer or a probe.
 *
 *     unknown ─ an exchange is over ─▶ its connection is the witness ─ a new one is answered beside it ─▶ many
 *        ▲                                  │         │                                                     │
 *        ├── nobody came meanwhile ─────────┘         │ somebody waits in vain                              │
 *        ├── a moment later ◀── in doubt ◀────────────┘                                                     │
 *        └── nobody has shown it for a while ◀──────────────────────────────────────────────────────────────┘
 *
 * Until it is known, each connection is used once. The witness shows it at once where requests come close together;
 * where they do not, a new connection to loopback costs each a tenth of a millisecond.
 */
import type { Clock } from '../lib/clock.ts';
import type { Target } from './engine/engine.ts';
import { isNear } from './pool-dial.ts';
import { isAlive, type Upstream } from './pool-upstream.ts';
import type { Place } from './pool-place.ts';

/** How long it is believed, in milliseconds: another program may listen there by then. It is shown anew meanwhile. */
const BELIEVED_FOR = 60_000;

/** Where a witness was in the way, there is none for so many milliseconds. */
const DOUBT = 2_000;

export class Witnesses {
  readonly #clock: Clock;
  readonly #patience: number;
  readonly #onMistaken: (place: Place) => void;
  readonly #open = new Set<Place>();

  /**
   * @param patience how long a witness is left open, in milliseconds; 0: every target is taken to serve many
   * @param onMistaken called when a target was taken to serve many, for a turn of the event loop, and that was not shown
   */
  constructor(clock: Clock, patience: number, onMistaken: (place: Place) => void) {
    this.#clock = clock;
    this.#patience = patience;
    this.#onMistaken = onMistaken;
  }

  /** Until when a target is taken to serve many before anything is known: one that is far away costs more to dial. */
  presume({ host }: Target): number {
    return this.#patience === 0 || !isNear(host) ? Infinity : -Infinity;
  }

  servesMany({ manyUntil }: Place, now: number): boolean {
    return now < manyUntil;
  }

  /** Leaves a connection open whose exchange is over, or closes it. */
  keep(place: Place, upstream: Upstream, now: number): void {
    const isOfUse = isAlive(upstream) && place.witness === undefined && now >= place.doubtUntil;
    if (!isOfUse) return upstream.destroy();
    const cancel = this.#clock.after(this.#patience, () => this.#expire(place));
    place.witness = { upstream, cancel };
    this.#open.add(place);
  }

  /** Watches for the first answer on a connection that somebody is about to use. */
  watch(place: Place, upstream: Upstream): void {
    if (isKnown(place, upstream)) return;
    const { unanswered } = place;
    if (!upstream.reused) {
      unanswered.add(upstream);
      upstream.socket.once('close', () => unanswered.delete(upstream));
    }
    upstream.onFirstBytes = () => {
      unanswered.delete(upstream);
      const other = place.witness?.upstream ?? place.idle.find(({ reused }) => reused);
      if (other !== undefined && !isKnown(place, upstream)) this.#believe(place, other);
    };
  }

  /** Forgets a witness that has ended, or is to be used no more. */
  forget(place: Place, upstream: Upstream | undefined = place.witness?.upstream): void {
    const { witness } = place;
    if (witness === undefined || witness.upstream !== upstream) return;
    place.witness = undefined;
    this.#open.delete(place);
    witness.cancel();
    upstream.destroy();
  }

  close(): void {
    for (const place of this.#open) this.forget(place);
  }

  /** @param other one that is open beside the one that was answered */
  #believe(place: Place, other: Upstream): void {
    place.manyUntil = this.#clock.now() + BELIEVED_FOR;
    // Its end may have arrived before that answer, and be read after it.
    setImmediate(() => {
      if (isAlive(other)) return this.forget(place);
      place.manyUntil = -Infinity;
      this.#onMistaken(place);
    });
  }

  #expire(place: Place): void {
    // Perhaps for the witness to go: where TLS is spoken, not even the dial comes to its end.
    if (place.unanswered.size > 0 || place.dials.size > 0) place.doubtUntil = this.#clock.now() + DOUBT;
    this.forget(place);
  }
}

/** Whether nothing is to be found out. When a connection was free last is not long ago: the clock need not be asked. */
const isKnown = ({ manyUntil }: Place, { idleSince }: Upstream): boolean =>
  idleSince < manyUntil - BELIEVED_FOR / 2;
