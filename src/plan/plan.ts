/**
 * The plan: what one stack runs, before any port number is known. Pure; made by `planStack` from a contract
 * and a context, resolved with leases by `resolveService`.
 */
import type { Condition, Port, Service } from '../contract/contract.ts';

/** What tells one running copy of a workspace from another. The daemon grants `slug` and `index`. */
export interface StackIdentity {
  readonly workspace: string;
  /** SHA-256 (hex) of the real path of the git common directory (and the contract's folder below the root). */
  readonly workspaceId: string;
  /** Real path of the folder that holds the contract, in this checkout. */
  readonly root: string;
  /** True for the main working tree (and outside git). */
  readonly main: boolean;
  readonly branch?: string | undefined;
  readonly environment: string;
  /** One DNS label, unique on this machine. */
  readonly slug: string;
  /** `[a-z0-9_]`, at most 40, unique on this machine: for names of databases. */
  readonly ident: string;
  /** 0 for the first stack of the workspace, then the lowest free number. */
  readonly index: number;
}

export interface Plan {
  readonly stack: StackIdentity;
  /** Providers before consumers. */
  readonly services: ReadonlyMap<string, PlannedService>;
  readonly groups: Readonly<Record<string, readonly string[]>>;
}

export interface PlannedService {
  readonly name: string;
  readonly service: Service;
  readonly ports: readonly PlannedPort[];
  /** Conditions filled in. */
  readonly needs: readonly Need[];
}

/** `primary` is the port that `${service.port}` means; `static` holds in the main checkout. */
export interface PlannedPort extends Omit<Port, 'hosts' | 'extraHosts' | 'renamedFrom' | 'follow'> {
  readonly follow: Follow;
  /** Long names: `api.shop.localhost`. */
  readonly hosts: readonly string[];
  /** Short names that the main checkout wants too: `api.localhost`. Granted by the daemon. */
  readonly shortHosts: readonly string[];
  /** Wildcards below the long names, and names of other domains; the latter are granted by the daemon too. */
  readonly extraHosts: readonly string[];
}

/**
 * Whether the runner goes along when the service opens another port than it was given: because the contract asks for it,
 * because it is usual, or never.
 */
export type Follow = 'asked' | 'usual' | 'never';

export interface Need {
  readonly service: string;
  readonly port?: string | undefined;
  readonly optional: boolean;
  readonly condition: Condition;
  /** Only orders, and tells nothing. */
  readonly silent?: boolean | undefined;
  /** Whether who needs it starts again whenever it does. */
  readonly restart?: boolean | undefined;
}

/** Port numbers granted for a plan, by service and port name. */
export type Leases = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** A service with every reference and number filled in: exactly what is launched. Pure data, comparable. */
export interface ResolvedService {
  readonly name: string;
  readonly kind: Service['kind'];
  /** Absolute. */
  readonly dir: string;
  readonly command: string | readonly string[];
  /** What portramp, the env files and the contract say; put over the shell's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Names that the child must not inherit (`KEY: null`). */
  readonly unset: readonly string[];
  readonly ports: readonly ResolvedPort[];
  readonly needs: readonly Need[];
  readonly service: Service;
}

export interface ResolvedPort extends PlannedPort {
  /** The stable number that consumers dial. */
  readonly port: number;
  /** The number that the instance listens on; equal to `port` unless a ramp stands between. */
  readonly targetPort: number;
  /** The number that the instance was told, where it opened another and is followed. */
  readonly leased?: number | undefined;
  /** `127.0.0.1`, or the host of an external service. */
  readonly host: string;
  /** What a consumer dials: `http://127.0.0.1:20031`. */
  readonly url: string;
  /** Names of it that another stack holds, so that they lead there. */
  readonly refusedHosts?: readonly string[] | undefined;
  /** What a browser opens: `http://api.shop.localhost:7267`; only for ports with hosts. */
  readonly publicUrl?: string | undefined;
}

export interface Change {
  readonly service: string;
  readonly kind: 'added' | 'removed' | 'changed';
  /** For `changed`: the fields that differ, such as `env.DB_URL`, `command`, `ports.http.hosts`. */
  readonly fields: readonly string[];
  readonly impact: 'none' | 'reroute' | 'restart';
}
