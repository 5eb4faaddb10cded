/**
 * The contract in memory: the words of `portramp.yaml` for one environment, overlays merged, defaults
 * filled in, nothing resolved yet. Immutable. Templates (`${…}`) are kept as written.
 */
import type { PortRange } from '../lib/port-range.ts';
import type { Position, Severity } from './diagnostic.ts';
import type { RuleId } from './rule-ids.ts';

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
  /** Absent where the contract has nothing to do with Compose. */
  readonly compose?: ComposeSettings | undefined;
  /** The numbers of this environment. */
  readonly range: PortRange;
  /** What the contract says about environments; one without entry has the range of `dev`, else the default. */
  readonly ranges: ReadonlyMap<string, PortRange>;
  /** Numbers that are never leased. */
  readonly reservations: readonly Reservation[];
  /** What `check` shall make of a rule's findings, where that is not the rule's own severity. */
  readonly severities: Readonly<{ [Id in RuleId]?: Severity | 'off' | undefined }>;
  /** In the order of the file. */
  readonly services: ReadonlyMap<string, Service>;
  /** Where a path such as `['services', 'api', 'env', 'X']` was written, or its nearest written ancestor. */
  locate(path: readonly (string | number)[]): Position;
  /** What was written at the path, in the service or in `defaults`: a plain value, undefined where nothing was. */
  written(path: readonly (string | number)[]): unknown;
}

/** A number that somebody outside relies on. */
export interface Reservation {
  readonly port: number;
  /** The service that keeps it; absent where no service may have it. */
  readonly service?: string | undefined;
  readonly owner?: string | undefined;
  readonly reason?: string | undefined;
  /** The last day on which it holds, `YYYY-MM-DD`. */
  readonly expires?: string | undefined;
}

/** Who may use a service. */
export interface Access {
  /** The services that may consume it; absent: all. */
  readonly from?: readonly string[] | undefined;
  /** Whose pages may use it besides those of the same stack: origins (and names of services), or everybody's. */
  readonly browser?: 'any' | readonly string[] | undefined;
  /** Whose pages may send the browser here with a form: origins, and `null` for those that hide theirs. */
  readonly formPosts?: readonly string[] | undefined;
}

/** The Docker Compose project of the stack. */
export interface ComposeSettings {
  /** Relative to the root, the base first; empty: those that Compose finds. */
  readonly files: readonly string[];
  /** `all`: services that the contract does not name are part of the stack too. */
  readonly include: 'all' | 'listed';
  /** `volumes.NAME` …: what keeps its name in every stack. */
  readonly share: readonly string[];
}

export type Service = ProcessService | TaskService | ExternalService | ComposeService;

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
  readonly start: 'auto' | 'manual' | 'request';
  readonly stop: StopPolicy;
  /** `system` leaves the resolution of `*.localhost` in Node children to the system. */
  readonly resolve: 'portramp' | 'system';
  /** What it was called before. */
  readonly renamedFrom?: string | undefined;
}

export interface ProcessService extends Runnable {
  readonly kind: 'process';
  readonly ready: Readiness;
  readonly restart: RestartPolicy;
  readonly access?: Access | undefined;
  readonly transition: TransitionPolicy;
  /** How many instances serve at once. */
  readonly replicas: number;
  /** Whether the number is written there, be it the one that it would have been. */
  readonly replicasWritten?: true;
  /** Patterns relative to `dir`: files whose change restarts the service. */
  readonly watch: readonly string[];
  /** Milliseconds without a client after which a service with `start: request` is stopped. */
  readonly idle?: number | undefined;
}

/** A command that runs to its end. It has no ports. */
export interface TaskService extends Runnable {
  readonly kind: 'task';
  /** `changed`: since its last success; `once`: until its first. */
  readonly run: 'always' | 'changed' | 'once' | 'manual';
  /** Patterns relative to `dir`: what `changed` looks at besides the command and its environment. */
  readonly inputs: readonly string[];
}

/** A service of the Compose project. It has no command: what it runs stands in the Compose file. */
export interface ComposeService extends Runnable {
  readonly kind: 'compose';
  /** Its name in the project. */
  readonly compose: string;
  readonly ready: Readiness;
  readonly access?: Access | undefined;
  /** False when the contract does not name it (`include: all`). */
  readonly listed: boolean;
  /** `workspace`: one for all stacks of the workspace and the environment. */
  readonly scope: 'stack' | 'workspace';
  /** Run inside of the container when the stack goes down. */
  readonly cleanup?: string | readonly string[] | undefined;
  /** Differs when the project says something else of it; absent before the project was read. */
  readonly definition?: string | undefined;
  /** Differs when the project says something else of the networks and volumes that it uses. */
  readonly resources?: string | undefined;
  readonly image?: string | undefined;
  readonly hasHealthcheck?: boolean | undefined;
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
  /** How the certificate of a target that speaks TLS is checked. */
  readonly tls?: ExternalTls | undefined;
  readonly url?: string | undefined;
  readonly ports: readonly Port[];
  readonly access?: Access | undefined;
  readonly renamedFrom?: string | undefined;
}

export interface ExternalTls {
  /** Path of a PEM file, relative to the root, with the authorities that are believed; default: those of Node. */
  readonly ca?: string | undefined;
  /** False: any certificate will do. */
  readonly verify: boolean;
  /** The name that is asked for, and that the certificate must be for; default: the host. */
  readonly serverName?: string | undefined;
}

export interface Port {
  readonly name: string;
  readonly appProtocol: AppProtocol;
  /** Labels of the host names; empty when `host: false` or the protocol is not http-like. */
  readonly hosts: readonly string[];
  /** Further names as written: `*.label`, or a whole domain. */
  readonly extraHosts: readonly string[];
  /** The paths that lead here, without a slash at the end: `/` is all. */
  readonly paths: readonly string[];
  /** What the service gets in place of the path. */
  readonly rewrite?: string | undefined;
  readonly primary: boolean;
  /** True when the contract did not write the port: the default port `http`. */
  readonly implicit: boolean;
  /** Inside of the container; of a Compose service only. */
  readonly container?: number | undefined;
  /** The number that the main checkout gets. */
  readonly static?: number | undefined;
  /** `private`: no host name, and only the service itself is told the port. */
  readonly visibility: 'public' | 'private';
  /** Whether to go along when the service opens another port than it was given, where the contract says so. */
  readonly follow?: boolean | undefined;
  /** A listener of portramp's own stands on the port; every instance gets another one. */
  readonly ramp: boolean;
  /** `external`: who listens may be somebody that cannot be identified. */
  readonly listener: 'own' | 'external';
  /** What the port was called before. */
  readonly renamedFrom?: string | undefined;
}

export interface Consumption {
  readonly service: string;
  readonly port?: string | undefined;
  readonly optional: boolean;
  /** Absent: `completed` for a task, `ready` for everything else. */
  readonly condition?: Condition | undefined;
  /** Only orders, and tells nothing: a `depends_on` of the Compose project, whose services find each other. */
  readonly silent?: boolean | undefined;
  /** Starts again whenever that does, as the Compose project says. */
  readonly restart?: boolean | undefined;
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
  /** The command ends with code 0. */
  | { readonly kind: 'exec'; readonly command: string | readonly string[] }
  /** The file (relative to the service's `dir`) has been written since the start. */
  | { readonly kind: 'file'; readonly path: string }
  /** A line of the output matches this regular expression. */
  | { readonly kind: 'log'; readonly pattern: string };

export interface RestartPolicy {
  readonly policy: 'no' | 'on-failure' | 'always';
  /** Attempts in a row before the service has failed. */
  readonly max: number;
}

/** How one instance follows another. */
export interface TransitionPolicy {
  readonly strategy: 'replace' | 'handoff' | 'rolling';
  /** Milliseconds that requests under way may go on with the old instance. */
  readonly drainTimeout: number;
  /** What becomes of the old instance when the new one never gets ready. */
  readonly onUnready: 'rollback' | 'fail';
  /** What to do when a stranger holds the port at a restart. */
  readonly onConflict: 'fail' | 'reassign';
}

export interface StopPolicy {
  readonly signal: NodeJS.Signals;
  /** Run instead of sending the signal. */
  readonly command?: string | readonly string[] | undefined;
  /** Written to the standard input instead of sending the signal. */
  readonly stdin?: string | undefined;
  /** Milliseconds until SIGKILL. */
  readonly timeout: number;
}
