/** A span of protocol versions, both ends included. */
export interface ProtocolRange {
  readonly min: number;
  readonly max: number;
}

/** The versions this code speaks. The daemon serves the current and the previous one. */
export const PROTOCOL: ProtocolRange = { min: 1, max: 1 };

/** The highest version that both speak. */
export function commonProtocol(left: ProtocolRange, right: ProtocolRange): number | undefined {
  const highest = Math.min(left.max, right.max);
  return highest >= Math.max(left.min, right.min) ? highest : undefined;
}
