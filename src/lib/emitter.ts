/** A typed event source. Listeners run in the order they were added; a throwing listener is a bug. */
export class Emitter<Event> {
  readonly #listeners = new Set<(event: Event) => void>();

  /** Returns the function that removes the listener. */
  on(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls those who listen now: one that is added meanwhile hears of the next event, one that is removed of none. */
  emit(event: Event): void {
    const present = [...this.#listeners];
    for (const listener of present) if (this.#listeners.has(listener)) listener(event);
  }

  get size(): number {
    return this.#listeners.size;
  }
}
