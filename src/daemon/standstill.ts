/** When an event loop counts as standing still, and how the place where it stands is told. Pure. */

/** The look of the thread at one of its seconds. */
export interface Sight {
  /** How often the loop has beaten so far. */
  readonly beats: number;
  /** Whether a debugger may hold the loop. */
  readonly debugged: boolean;
}

/** Counts the seconds in a row at which nothing had happened since the one before. */
export class StandstillCounter {
  #beats = 0;
  #still = 0;

  /** Returns how many seconds the loop has stood still by now. */
  look({ beats, debugged }: Sight): number {
    this.#still = beats === this.#beats && !debugged ? this.#still + 1 : 0;
    this.#beats = beats;
    return this.#still;
  }
}

/** A frame of the call stack, as the inspector tells it; numbers from 0. */
export interface Frame {
  readonly functionName: string;
  /** Of its script; undefined for code that is in no file. */
  readonly url: string | undefined;
  readonly location: { readonly lineNumber: number; readonly columnNumber?: number | undefined };
}

/** More frames tell nothing new. */
const MAX_FRAMES = 8;

/** Tells where the loop is, innermost first, as stack traces do. */
export function describePlace(frames: readonly Frame[]): string {
  if (frames.length === 0) return 'outside of JavaScript, in a call of the system';
  return frames
    .slice(0, MAX_FRAMES)
    .map(({ functionName, url, location: { lineNumber, columnNumber = 0 } }) => {
      const name = functionName === '' ? 'a function without a name' : functionName;
      return `${name} (${url ?? 'no file'}:${lineNumber + 1}:${columnNumber + 1})`;
    })
    .join(' < ');
}
