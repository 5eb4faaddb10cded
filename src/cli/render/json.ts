/** The objects of `--json`: the same in every command that prints them. */
import { leadTo, type Way } from '../../lib/way.ts';
import type { Failure, PublishedService, RunningStack } from '../../protocol/messages.ts';
import { isRenamed } from '../renamed.ts';
import { wayTo } from '../way.ts';

export interface StackJson {
  readonly workspace: string;
  /** Its slug. */
  readonly stack: string;
  readonly ident: string;
  readonly index: number;
  readonly branch?: string;
  readonly environment: string;
  readonly root: string;
  /** The runner's; absent when none is attached. */
  readonly pid?: number;
  /** Set when the runner does not answer. */
  readonly silent?: boolean;
  /** Such as an edit of the contract that was refused. */
  readonly problems?: readonly string[];
  /** Set while the stack goes down. */
  readonly ending?: boolean;
  /** The workspace's name by the contract, where the stack still has the one that it got under another. */
  readonly renamed?: string;
  readonly services: readonly PublishedService[];
}

export function stackJson(running: RunningStack): StackJson {
  const {
    workspace,
    slug,
    ident,
    index,
    branch,
    environment,
    root,
    pid,
    silent,
    problems,
    ending,
    services,
  } = running;
  return {
    workspace,
    stack: slug,
    ident,
    index,
    ...(branch === undefined ? {} : { branch }),
    environment,
    root,
    ...(pid === undefined ? {} : { pid }),
    ...(silent === undefined ? {} : { silent }),
    ...(problems === undefined ? {} : { problems }),
    ...(ending === true ? { ending } : {}),
    ...(isRenamed(running) ? { renamed: workspace } : {}),
    services: services.map((service) => leadService(service, wayTo(running))),
  };
}

/** Leads the commands in what is said of a service to its stack. */
function leadService(service: PublishedService, way: Way): PublishedService {
  const { reason, hint, failure, held, instances } = service;
  return {
    ...service,
    ...(reason === undefined ? {} : { reason: leadTo(reason, way) }),
    ...(hint === undefined ? {} : { hint: leadTo(hint, way) }),
    ...(held === undefined ? {} : { held: { ...held, hint: leadTo(held.hint, way) } }),
    ...leadFailure(failure, way),
    ...(instances === undefined
      ? {}
      : { instances: instances.map((one) => ({ ...one, ...leadFailure(one.failure, way) })) }),
  };
}

const leadFailure = (failure: Failure | undefined, way: Way): { failure?: Failure } =>
  failure?.hint === undefined ? {} : { failure: { ...failure, hint: leadTo(failure.hint, way) } };
