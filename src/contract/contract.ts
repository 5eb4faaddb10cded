/**
 * The contract in memory: the words of `portramp.yaml` for one environment, overlays merged, defaults
 * filled in, nothing resolved yet. Immutable. Templates (`${…}`) are kept as written.
 */
import type { Position } from './diagnostic.ts';

export type AppProtocol = 'http' | 'https' | 'h2c' | 'grpc' | 'tcp';
export type Condition = 'started' | 'ready' | 'completed';

/** The environment that needs no overlay and leaves no mark in names. */
export const DEFAULT_ENVIRONMENT = 'dev';

export interface Contract {
  readonly workspace: string;
  /** The environment this contract was read for; `dev` unless chosen. */
  readonly environment: string;
  /** Every environment the contract knows, `dev` included. */
  readonly environments: readonly string[];
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly discovery: { readonly aspire: boolean; readonly kubernetes: boolean };
  /** In the order of the file. */
  readonly services: ReadonlyMap<string, Service>;
  /** Where a path such as `['services', 'api', 'env', 'X']` was written, or its nearest written ancestor. */
  locate(path: readonly (string | number)[]): Position;
}

export type Service = ProcessService | TaskService | ExternalService;

interface Runnable {
  readonly name: string;
  /** Relative to the root of the workspace, `.` when not given. */
  readonly dir: string;
  /** A string runs in a shell, a list is exec'd. */
  readonly command: string | readonly string[];
  /** `defaults.envFile` (paths relative to the root), then the service's own (relative to `dir`). */
  readonly envFiles: readonly EnvFile[];
  /** `defaults.env` merged under the service's own; values are templates, `null` unsets. */
  readonly env: Readonly<Record<string, string | null>>;
  readonly consumes: readonly Consumption[];
  /** The template of `url:`, what `${name.url}` and `NAME_URL` are. */
  readonly url?: string | undefined;
  readonly ports: readonly Port[];
  readonly start: 'auto' | 'manual';
  readonly stop: StopPolicy;
  /** `system` leaves the resolution of `*.localhost` in Node children to the system. */
  readonly resolve: 'portramp' | 'system';
}

export interface ProcessService extends Runnable {
  readonly kind: 'process';
  readonly ready: Readiness;
  readonly restart: RestartPolicy;
}

/** A command that runs to its end. It has no ports. */
export interface TaskService extends Runnable {
  readonly kind: 'task';
  readonly run: 'always' | 'manual';
}

/** Something that runs elsewhere: routed and told, not run. */
export interface ExternalService {
  readonly kind: 'external';
  readonly name: string;
  readonly target: {
    readonly protocol: 'http' | 'https' | 'tcp';
    readonly host: string;
    readonly port: number;
  };
  readonly url?: string | undefined;
  readonly ports: readonly Port[];
}

export interface Port {
  readonly name: string;
  readonly appProtocol: AppProtocol;
  /** Labels of the host names; empty when `host: false` or the protocol is not http-like. */
  readonly hosts: readonly string[];
  readonly primary: boolean;
  /** True when the contract did not write the port: the default port `http`. */
  readonly implicit: boolean;
}

export interface Consumption {
  readonly service: string;
  readonly port?: string | undefined;
  readonly optional: boolean;
  /** Absent: `completed` for a task, `ready` for everything else. */
  readonly condition?: Condition | undefined;
}

export interface EnvFile {
  /** Relative to the root of the workspace. */
  readonly path: string;
  readonly optional: boolean;
  /** Where the contract names it, for `Contract.locate`. */
  readonly place: readonly (string | number)[];
}

/** Variables of the env files that exist, by `EnvFile.path`. */
export type EnvFileValues = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** Durations in milliseconds. Templates allowed in `path`, `host` and `pattern`. */
export type Readiness = ReadinessProbe & {
  readonly interval: number;
  /** Set only where the contract wrote it: past it the service has failed. */
  readonly timeout?: number | undefined;
};

export type ReadinessProbe =
  /** Nothing declared: the first port accepts a connection, or, without ports, the process has started. */
  | { readonly kind: 'default' }
  /** A GET of `path` (or of a whole URL) answers with 2xx or 3xx. `port`: name of a port, else the first. */
  | { readonly kind: 'http'; readonly path: string; readonly port?: string | undefined }
  | { readonly kind: 'tcp'; readonly port?: string | undefined }
  /** A line of the output matches this regular expression. */
  | { readonly kind: 'log'; readonly pattern: string };

export interface RestartPolicy {
  readonly policy: 'no' | 'on-failure' | 'always';
  /** Attempts in a row before the service has failed. */
  readonly max: number;
}

export interface StopPolicy {
  readonly signal: NodeJS.Signals;
  /** Milliseconds until SIGKILL. */
  readonly timeout: number;
}
