/** Bands of port numbers. Pure. */

/** Both ends included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The numbers that an environment may use. */
export interface PortRange extends Span {
  /** How many numbers from `from` on are kept for pinned ports. */
  readonly static: number;
  readonly exclude: readonly Span[];
}

/** Below the ephemeral ranges of Linux (32768–60999), macOS and Windows (49152–65535). */
export const DEFAULT_RANGE: PortRange = { from: 20_000, to: 29_999, static: 128, exclude: [] };
