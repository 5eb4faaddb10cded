/** What verification is asked, and what it answers. */
import type { PortHolder } from './holders.ts';
import type { InstanceMark } from './owner.ts';

/** A running instance and the ports that are its own. */
export interface Claim {
  readonly instance: InstanceMark;
  /** "api of shop", for whoever meets it on another's port. */
  readonly label: string;
  readonly ports: readonly ClaimedPort[];
}

export interface ClaimedPort {
  readonly name: string;
  readonly number: number;
  /** The number that the instance was given, where it is looked for on another one that it opened. */
  readonly given?: number | undefined;
}

/** Something on a port that is not as it should be. `marker` says which instance it is about. */
export type Finding =
  /** Somebody else listens on the port, beside the instance or in its place. */
  | {
      readonly kind: 'ghost';
      readonly marker: string;
      readonly port: string;
      readonly number: number;
      readonly holder: PortHolder;
      /** The service that it is an instance of, if it is one of portramp's. */
      readonly label?: string;
      /** It did not start before the instance: it may be the service itself, detached without a trace. */
      readonly later: boolean;
    }
  /** A listener that cannot be identified. */
  | {
      readonly kind: 'unknown';
      readonly marker: string;
      readonly port: string;
      readonly number: number;
      readonly address: string;
      readonly user?: number;
    }
  /** Nobody listens on the port, and the instance does on others that are not its own. */
  | {
      readonly kind: 'elsewhere';
      readonly marker: string;
      readonly port: string;
      readonly number: number;
      readonly opened: readonly OpenedPort[];
    };

/** What listens of an instance. */
export interface Sighting {
  readonly marker: string;
  /** Names of its ports on which something of its own listens, and nobody else. */
  readonly listening: readonly string[];
  /**
   * Other numbers that it has opened, looked for while one of its ports is silent; and that it was given, where it is
   * looked for elsewhere.
   */
  readonly opened: readonly SightedPort[];
  /** Ports on which the instance listens only on addresses where no connection from this machine to itself arrives. */
  readonly away?: readonly { readonly port: string; readonly address: string }[] | undefined;
}

export interface SightedPort extends OpenedPort {
  /** Whom the number is leased to, if it is another: "web of shop". */
  readonly lease?: string;
}

export interface OpenedPort {
  readonly number: number;
  readonly address: string;
  readonly pid: number;
  /** Set where another process listens on the number too, on another address. */
  readonly shared?: true;
}
