/** Goes along when an instance listens on another number than the one that it is looked for on. */
import { messageOf } from '../../lib/errors.ts';
import type { Follow, ResolvedPort } from '../../plan/plan.ts';
import type { ElsewhereFacts } from './assess.ts';
import { primaryOf } from './own-ports.ts';

/**
 * The result of going along with an instance. `why`: the reason against it, as half a sentence; `again`: milliseconds
 * after which it may be another one.
 */
export type Followed = { readonly followed: true } | Refused;

interface Refused {
  readonly followed: false;
  readonly why: string;
  readonly again?: number;
}

export interface FollowingOptions {
  readonly ports: () => readonly ResolvedPort[];
  /** Tells what the contract says of the primary port now. */
  readonly follows: () => Follow;
  /** The instance is looked for on the number from now on, where that can be. */
  readonly onFollow: (port: string, number: number) => Promise<Followed>;
  /** Called when a number was refused, and when it may be asked for once more. */
  readonly onRefused: () => void;
  /** Runs a task once after so many milliseconds, unless the watch has ended. */
  readonly later: (ms: number, task: () => void) => void;
}

export interface Following {
  /** Goes along with the number, if there is one to go along with; false where the instance stays where it is. */
  readonly consider: (seen: Seen) => boolean;
  /** Says why the instance was not followed to one of the numbers. */
  readonly refusalOf: (numbers: readonly number[]) => string | undefined;
  /** The instance is looked for where it was followed to. */
  readonly arrived: () => void;
}

/** The listeners of an instance, as far as they are seen. */
export interface Seen {
  /** Whether it listens on the number. */
  readonly has: (number: number) => boolean;
  /** The numbers on which it has listened for long enough while its port was silent. */
  readonly elsewhere: ElsewhereFacts | undefined;
}

export function createFollowing({ ports, follows, onFollow, onRefused, later }: FollowingOptions): Following {
  let under: number | undefined;
  /** By what the contract said then: it may say something else now. */
  const refused = new Map<string, Refused>();
  const nameOf = (number: number): string => `${follows()} ${number}`;

  const refuse = (name: string, result: Refused): void => {
    refused.set(name, result);
    const { again } = result;
    if (again === undefined) return;
    later(again, () => {
      refused.delete(name);
      onRefused();
    });
  };

  const go = (port: ResolvedPort, number: number): boolean => {
    const name = nameOf(number);
    if (refused.has(name)) return false;
    if (under === number) return true;
    under = number;
    void onFollow(port.name, number)
      .catch((error: unknown): Followed => ({ followed: false, why: messageOf(error) }))
      .then((result) => {
        if (result.followed) return;
        refuse(name, result);
        // Another number may be under way by now.
        if (under === number) under = undefined;
        onRefused();
      });
    return true;
  };

  return {
    consider: (seen) => {
      const port = primaryOf(ports());
      const number = port && chooseNumber(port, follows(), seen);
      return port !== undefined && number !== undefined && go(port, number);
    },
    refusalOf: (numbers) =>
      numbers.map((number) => refused.get(nameOf(number))?.why).find((why) => why !== undefined),
    arrived: () => {
      under = undefined;
    },
  };
}

/** Chooses the number to go along with: its own before all others, else the only one that is nobody else's. */
export function chooseNumber(
  { leased }: Pick<ResolvedPort, 'leased'>,
  follow: Follow,
  { has, elsewhere }: Seen,
): number | undefined {
  if (leased !== undefined && has(leased)) return leased;
  if (follow === 'never' || elsewhere === undefined) return undefined;
  const { numbers, leases, shared, silent = [] } = elsewhere;
  const [number, ...others] = numbers;
  if (others.length > 0 || leases.length > 0 || shared === true) return undefined;
  // Which of several it was meant for is known only where the contract asks for it.
  return follow === 'usual' && silent.length > 1 ? undefined : number;
}
