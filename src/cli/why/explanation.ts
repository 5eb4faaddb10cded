/** What `portramp why` says; `--json` prints it as it is. */
import type { PortHolder, PublishedService, ServiceDetails } from '../../protocol/messages.ts';
import type { InstanceTold } from '../instances.ts';

export type Explanation =
  | ({ readonly kind: 'service' } & ServiceExplanation)
  | ({ readonly kind: 'port' } & PortExplanation)
  | ({ readonly kind: 'host' } & HostExplanation);

export interface ServiceExplanation {
  readonly stack: string;
  readonly root: string;
  readonly service: string;
  /** As `ls` prints it; `not running` when no runner is attached. */
  readonly state: string;
  /** Set where its runner does not answer: all of this is as it was before. */
  readonly silent?: true;
  /** Why it is not up, and what to type. */
  readonly reason?: string;
  readonly hint?: string;
  /** The needs that are not met, or lead to something that is wrong, with their own reasons. */
  readonly needs: readonly NeedExplanation[];
  readonly probe?: NonNullable<ServiceDetails['probe']>;
  /** What the front saw of its answers last. */
  readonly answers?: NonNullable<PublishedService['answers']>;
  /** Files of `watch` that restart it no more. */
  readonly held?: NonNullable<PublishedService['held']>;
  /** The end of its last process, where none runs. */
  readonly ended?: NonNullable<ServiceDetails['ended']>;
  /** Processes that keep it from stopping. */
  readonly remains?: readonly PortHolder[];
  /** Of a service with replicas or ramps: how each of its instances is. */
  readonly instances?: readonly InstanceTold[];
  readonly ports: readonly PortExplanation[];
  /** Short host names that another stack has. */
  readonly refusedHosts: readonly { readonly host: string; readonly stack: string }[];
}

export interface NeedExplanation {
  readonly service: string;
  /** `started`, `ready` or `completed`. */
  readonly condition: string;
  readonly state: string;
  readonly reason?: string;
  readonly hint?: string;
  readonly needs: readonly NeedExplanation[];
}

export interface PortExplanation {
  readonly number: number;
  /** Whom it was leased to. */
  readonly lease?: LeaseExplanation;
  /** Set when it is the front's. */
  readonly front?: true;
  /** Set where portramp itself listens for a service, and passes on to its instances. */
  readonly ramp?: true;
  readonly free: boolean;
  readonly holders: readonly ExplainedHolder[];
}

export interface LeaseExplanation {
  readonly stack: string;
  readonly root: string;
  readonly running: boolean;
  readonly service: string;
  readonly port: string;
  /** What the contract pins, where that could not be had. */
  readonly pinned?: number;
  readonly generation?: number;
  /** The number that the service was given, where this is the one that it opened in its place. */
  readonly given?: number;
  /** The number that the service opened in place of this one, which it was given. */
  readonly opened?: number;
}

export interface ExplainedHolder extends PortHolder {
  /** It belongs to the service that the port is leased to. */
  readonly own: boolean;
}

export interface HostExplanation {
  readonly host: string;
  /** The stack that it leads to, running or not. */
  readonly stack?: string;
  readonly root?: string;
  readonly running: boolean;
  /** Set where its checkout was removed or moved. */
  readonly gone?: true;
  /** Why no host leads anywhere at the moment: the front does not listen. */
  readonly frontProblem?: string;
  /** Set where it names a service, or a port of one, that no route leads to: why, and where that is found. */
  readonly unrouted?: { readonly service: string; readonly port?: string; readonly reason: string };
  /** The service behind it, while the stack runs. */
  readonly service?: ServiceExplanation;
  /** Stacks that want it too, and do not have it. */
  readonly refused: readonly string[];
  readonly suggestion?: string;
}
