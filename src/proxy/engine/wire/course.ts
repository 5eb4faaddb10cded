/** How far an exchange has come, and whom that is told. */
import type { Decision, Forward, Target } from '../engine.ts';
import { Attempt, type Loss, type Next } from './attempt.ts';
import type { Relay } from './relay.ts';
import { Report } from './report.ts';

type Phase = { readonly kind: 'deciding' } | Attempt | { readonly kind: 'over' };

const DECIDING: Phase = { kind: 'deciding' };
const NOTHING: Next = { kind: 'none' };
const OVER: Phase = { kind: 'over' };

export class Course {
  #phase: Phase = DECIDING;
  /** Whether the request was sent and is made again. */
  #isRepeated = false;
  /** Where somebody asks how it goes. */
  #report: Report | undefined;
  readonly #relay: Relay;

  constructor(relay: Relay) {
    this.#relay = relay;
  }

  get isOver(): boolean {
    return this.#phase.kind === 'over';
  }

  get isRepeated(): boolean {
    return this.#isRepeated;
  }

  /** The decision that is carried out; gone when its maker was told that it is over. */
  get attempt(): Attempt | undefined {
    return this.#phase.kind === 'forwarding' ? this.#phase : undefined;
  }

  /** Where the request goes. */
  get target(): Target | undefined {
    return this.attempt?.forward.target;
  }

  begin(forward: Forward): Attempt {
    const { onDone } = forward;
    if (onDone !== undefined) this.#report ??= new Report(onDone, this.#relay);
    const attempt = new Attempt(forward);
    this.#phase = attempt;
    return attempt;
  }

  /** Tells what is to be done after the target was lost. */
  lose(loss: Loss): Next {
    const next = this.attempt?.next(loss, this.#isRepeated) ?? NOTHING;
    this.#isRepeated ||= loss.fate !== 'unsent';
    return next;
  }

  /** Another decision is asked for. */
  decideAnew(): void {
    const { attempt } = this;
    this.#phase = DECIDING;
    attempt?.forward.onEnd?.();
  }

  /** Tells what the client got; only the first that is told counts. @param bytes of the body; default: those passed on */
  tell(status: number | undefined, complete: boolean, bytes?: number): void {
    this.#report?.tell(status, complete, bytes);
  }

  /** Tells of the lines of a response that are left out. */
  tellDropped(lines: string): void {
    if (lines === '' || this.attempt === undefined) return;
    const { target, onDropped } = this.attempt.forward;
    onDropped?.(target, lines);
  }

  end(status: number | undefined, complete: boolean): void {
    const { attempt } = this;
    this.#phase = OVER;
    this.tell(status, complete);
    attempt?.forward.onEnd?.();
  }

  /** The connections belong to a tunnel from now on, which tells of its end itself. @returns the decision for it */
  switch(): Forward | undefined {
    const { attempt } = this;
    this.#phase = OVER;
    this.tell(101, true, 0);
    return attempt?.forward;
  }

  /** Tells the maker of a decision that its client has left meanwhile. */
  refuseLate(decision: Decision): void {
    if (decision.action === 'reply') return;
    if (this.#report === undefined) decision.onDone?.({ status: undefined, bytes: 0, complete: false });
    decision.onEnd?.();
  }
}
