/**
 * Deadlines of thousands of connections on one timer. A deadline is set several times per request and nearly
 * never expires, so setting it is a store: it stays where it hangs on the wheel, and only when the wheel gets
 * there it is looked at and hung further on.
 */
import { systemClock, type Clock } from '../lib/clock.ts';

/** How exact deadlines are, in milliseconds: one expires up to two ticks late, never early. */
const TICK = 250;

/** One turn of the wheel is a bit over a minute; what is further away goes round again. */
const SLOTS = 256;

const OFF = 0;

export class Deadline {
  /** The tick at which it expires, or OFF. */
  due = OFF;
  /** The tick whose slot it hangs in, or OFF. */
  hangsAt = OFF;
  readonly expire: () => void;
  readonly #wheel: Wheel;

  constructor(wheel: Wheel, expire: () => void) {
    this.#wheel = wheel;
    this.expire = expire;
  }

  /**
   * Calls `expire` in `ms` milliseconds, in place of what was set before.
   * @param now the time by the wheel's clock, where it was asked already
   */
  set(ms: number, now?: number): void {
    this.due = this.#wheel.tickIn(ms, now);
    if (this.hangsAt === OFF || this.due < this.hangsAt) this.#wheel.hang(this);
  }

  clear(): void {
    this.due = OFF;
  }

  /** Lets the wheel forget it. To be called when its owner is gone, lest it is kept alive for a turn. */
  remove(): void {
    this.due = OFF;
    this.#wheel.unhang(this);
  }
}

/** Its timer runs only while something hangs on it. */
export class Wheel {
  readonly #clock: Clock;
  readonly #slots: Set<Deadline>[] = Array.from({ length: SLOTS }, () => new Set());
  /** The last tick whose slot was emptied. */
  #seen: number;
  #hanging = 0;
  #wakesAt = Infinity;
  #cancelWake: () => void = () => undefined;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#seen = this.#now();
  }

  createDeadline(expire: () => void): Deadline {
    return new Deadline(this, expire);
  }

  /** How many deadlines hang here, those included that were cleared since. */
  get hanging(): number {
    return this.#hanging;
  }

  tickIn(ms: number, now = this.#clock.now()): number {
    return Math.floor((now + ms) / TICK) + 1;
  }

  hang(deadline: Deadline): void {
    this.unhang(deadline);
    // A wheel that slept starts from now; its slots are empty.
    if (this.#hanging === 0) this.#seen = this.#now();
    deadline.hangsAt = Math.min(Math.max(deadline.due, this.#seen + 1), this.#seen + SLOTS - 1);
    this.#slot(deadline.hangsAt).add(deadline);
    this.#hanging += 1;
    this.#wakeAt(deadline.hangsAt);
  }

  unhang(deadline: Deadline): void {
    if (deadline.hangsAt === OFF) return;
    this.#slot(deadline.hangsAt).delete(deadline);
    deadline.hangsAt = OFF;
    this.#hanging -= 1;
    if (this.#hanging === 0) this.#sleep();
  }

  #now(): number {
    return Math.floor(this.#clock.now() / TICK);
  }

  #slot(tick: number): Set<Deadline> {
    return this.#slots[tick % SLOTS] as Set<Deadline>;
  }

  #wakeAt(tick: number): void {
    if (tick >= this.#wakesAt) return;
    this.#cancelWake();
    this.#wakesAt = tick;
    this.#cancelWake = this.#clock.after(Math.max(0, tick * TICK - this.#clock.now()), () => this.#turn());
  }

  #sleep(): void {
    this.#cancelWake();
    this.#wakesAt = Infinity;
  }

  #turn(): void {
    this.#wakesAt = Infinity;
    const now = this.#now();
    const due: Deadline[] = [];
    for (const deadline of this.#takePassed(now)) {
      if (deadline.due === OFF) continue;
      if (deadline.due <= now) due.push(deadline);
      else this.hang(deadline);
    }
    this.#wakeForNext();
    for (const deadline of due) {
      // One that was set anew or cleared by another that expired just now is left alone.
      if (deadline.due === OFF || deadline.due > now) continue;
      deadline.due = OFF;
      deadline.expire();
    }
  }

  /**
   * Takes down what hangs in the slots that passed, however late the turn is. All of them are empty before any of it
   * is hung up again: a slot that passed is the one for a minute ahead as well.
   */
  #takePassed(now: number): Deadline[] {
    const passed: Deadline[] = [];
    for (let tick = Math.max(this.#seen + 1, now - SLOTS + 1); tick <= now; tick += 1) {
      passed.push(...this.#slot(tick));
    }
    for (const deadline of passed) this.unhang(deadline);
    this.#seen = Math.max(this.#seen, now);
    return passed;
  }

  #wakeForNext(): void {
    if (this.#hanging === 0) return;
    for (let tick = this.#seen + 1; tick < this.#seen + SLOTS; tick += 1) {
      if (this.#slot(tick).size > 0) return this.#wakeAt(tick);
    }
  }
}
