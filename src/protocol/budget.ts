/**
 * A bound for what all connections together have sent of lines that are not whole yet. One that sends a large message
 * is fine; where the sum is too large, those that hold the most are let go, and nobody else.
 */
export interface Budget {
  /** A connection that holds nothing yet; `onExceeded` is called when it has to go. */
  open(onExceeded: () => void): Holding;
  /** Bytes that all connections hold. */
  readonly held: number;
}

export interface Holding {
  /** Says how many bytes are held now. */
  set(bytes: number): void;
}

export function createBudget(limit: number): Budget {
  const holders = new Map<Holding, { bytes: number; readonly onExceeded: () => void }>();
  let held = 0;

  const take = (holding: Holding, bytes: number, onExceeded: () => void): void => {
    held += bytes - (holders.get(holding)?.bytes ?? 0);
    if (bytes === 0) holders.delete(holding);
    else holders.set(holding, { bytes, onExceeded });
  };

  const shed = (): void => {
    while (held > limit) {
      const [largest] = [...holders].sort(([, left], [, right]) => right.bytes - left.bytes);
      if (largest === undefined) return;
      const [holding, { onExceeded }] = largest;
      take(holding, 0, onExceeded);
      onExceeded();
    }
  };

  return {
    open: (onExceeded) => {
      const holding: Holding = {
        set: (bytes) => {
          take(holding, bytes, onExceeded);
          shed();
        },
      };
      return holding;
    },
    get held() {
      return held;
    },
  };
}
