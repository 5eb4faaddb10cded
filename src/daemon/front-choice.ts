/** Which number the front has: settings against what is remembered. Pure. */
import { PortrampError } from '../lib/errors.ts';
import type { FrontNumber } from './front-store.ts';
import type { FrontSettings } from './settings.ts';

/** RAMP on a phone's keys. */
export const FALLBACK_PORT = 7267;

export interface FrontChoice {
  /** The numbers to try, in this order; 0 is any free one. */
  readonly ports: readonly number[];
  /** How often the front has moved, this choice included. */
  readonly moves: number;
  /**
   * `wish`: a person wrote it into the settings file, and nothing else moves it. `stored`: remembered from the last
   * time. `guess`: nothing is remembered; a runner that knows a number is right.
   */
  readonly origin: 'wish' | 'stored' | 'guess';
}

/** @throws PortrampError FRONT_PORT_CONFLICT when the variable contradicts the number that is settled. */
export function chooseFrontPorts(
  settings: FrontSettings,
  stored: FrontNumber | undefined,
  config: string,
): FrontChoice {
  const { variable, file } = settings;
  // An edit of the file is how a person moves the front; a variable of one shell is not.
  const wish = file !== undefined && file !== 0 ? file : undefined;
  const settled = wish ?? stored?.http;
  if (settled !== undefined) {
    if (variable !== undefined && variable !== 0 && variable !== settled) {
      throw new PortrampError(
        'FRONT_PORT_CONFLICT',
        `PORTRAMP_HTTP_PORT asks for port ${variable}, but the front of this machine has port ${settled}`,
        { hint: `unset PORTRAMP_HTTP_PORT, or write "httpPort: ${variable}" to ${config} to move the front` },
      );
    }
    const moved = stored !== undefined && stored.http !== settled;
    const moves = (stored?.moves ?? 1) + (moved ? 1 : 0);
    return { ports: [settled], moves, origin: wish === undefined ? 'stored' : 'wish' };
  }
  const wanted = variable ?? file;
  return { ports: wanted === undefined ? [80, FALLBACK_PORT] : [wanted], moves: 1, origin: 'guess' };
}

/** The verdict on a number that a runner remembers. */
export type Verdict =
  | { readonly kind: 'keep' }
  /** The same number with this count, or this one in spite of the runner's. */
  | { readonly kind: 'count'; readonly moves: number }
  | { readonly kind: 'move'; readonly to: FrontNumber };

/**
 * Judges what a runner `held` against what the front `has` (undefined while it could not listen anywhere): the higher
 * count of moves wins, and a guess loses against everything that was known before.
 */
export function judgeHeld(
  has: FrontNumber | undefined,
  origin: FrontChoice['origin'],
  held: FrontNumber,
): Verdict {
  if (has === undefined) return { kind: 'move', to: held };
  if (has.http === held.http) {
    return held.moves > has.moves ? { kind: 'count', moves: held.moves } : { kind: 'keep' };
  }
  if (origin === 'wish') {
    return held.moves < has.moves ? { kind: 'keep' } : { kind: 'count', moves: held.moves + 1 };
  }
  if (held.moves > has.moves) return { kind: 'move', to: held };
  // Both were chosen without knowing of the other: the one that came first is in people's URLs.
  if (held.moves === has.moves && origin === 'guess') {
    return { kind: 'move', to: { http: held.http, moves: held.moves + 1 } };
  }
  return { kind: 'keep' };
}

/**
 * Refuses what `daemon start` was asked for where a daemon runs already: a wish that comes too late is not ignored.
 * @throws PortrampError FRONT_PORT_CONFLICT when the settings ask for another port than the front has.
 */
export function checkFrontPort(
  { variable, file }: FrontSettings,
  running: number | undefined,
  config: string,
): void {
  const wanted = variable !== undefined && variable !== 0 ? variable : file;
  if (wanted === undefined || wanted === 0 || running === undefined || wanted === running) return;
  const who = wanted === variable ? 'PORTRAMP_HTTP_PORT' : config;
  const edit = wanted === file ? '' : `write "httpPort: ${wanted}" to ${config}, then `;
  throw new PortrampError(
    'FRONT_PORT_CONFLICT',
    `${who} asks for port ${wanted}, but the front is running on port ${running}`,
    {
      hint: `to move it: ${edit}"portramp daemon stop --force && portramp daemon start"; services keep running`,
    },
  );
}
