/** What the front says itself, and when. Pure data; `answer.ts` makes a page or JSON of it. */
import { certificateHint } from '../lib/certificate-hint.ts';
import { messageOf } from '../lib/errors.ts';
import { shellWord } from '../lib/shell-word.ts';
import { askForUrl, describeUnrouted, type Unrouted } from '../lib/unrouted.ts';
import { leadTo } from '../lib/way.ts';
import type { RequestHead, Target } from '../proxy/engine/engine.ts';
import { isFormPost } from './gate.ts';
import type { ReplyCode } from '../proxy/replies.ts';
import type { RestingStack } from './resting.ts';
import type { FrontStack, Match, RouteFailure } from './table.ts';

export interface Notice {
  /** For programs: `error` in the JSON, and the marker header in lower case; it has its status. */
  readonly code: ReplyCode;
  readonly title: string;
  readonly message: string;
  /** What to type or change. */
  readonly hint?: string | undefined;
  /** The last lines of a service. */
  readonly log?: readonly string[] | undefined;
  /** It is worth asking again after this time (seconds): pages do so by themselves. */
  readonly retryAfter?: number | undefined;
  /** An address that was probably meant. */
  readonly link?: string | undefined;
}

/** Leads the commands in a notice to its stack: nobody knows in which folder its reader is. */
const about = ({ slug }: FrontStack, notice: Notice): Notice => ({
  ...notice,
  ...(notice.hint === undefined ? {} : { hint: leadTo(notice.hint, { stack: slug }) }),
});

export function starting({ stack, route }: Match): Notice {
  return about(stack, {
    code: 'SERVICE_STARTING',
    title: `${route.service} is starting`,
    message: `The service ${route.service} of ${stack.label} is not ready yet.`,
    hint: `portramp logs ${route.service} -f`,
    retryAfter: 1,
  });
}

export function failed({ stack, route }: Match, failure: RouteFailure): Notice {
  return about(stack, {
    code: 'SERVICE_FAILED',
    title: `${route.service} failed`,
    message: `The service ${route.service} of ${stack.label} failed: ${sentence(failure.message)}${ending(failure)}`,
    hint: failure.hint ?? `portramp restart ${route.service}`,
    log: failure.log,
    retryAfter: 5,
  });
}

/** Exit code or signal, unless the message says it already. */
function ending({ message, exitCode, signal }: RouteFailure): string {
  if (exitCode !== undefined && !/\bcode \d/.test(message)) return ` Exit code ${exitCode}.`;
  return signal === undefined || message.includes(signal) ? '' : ` Ended by ${signal}.`;
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** It runs, and nothing of its own listens where requests go. */
export function silent({ stack, route }: Match, failure: RouteFailure): Notice {
  return about(stack, {
    code: 'SERVICE_SILENT',
    title: `${route.service} does not answer`,
    message: `The service ${route.service} of ${stack.label} runs, but does not answer: ${sentence(failure.message)}`,
    hint: failure.hint ?? `portramp logs ${route.service}`,
    log: failure.log,
    retryAfter: 1,
  });
}

export function stopped({ stack, route }: Match): Notice {
  return about(stack, {
    code: 'SERVICE_STOPPED',
    title: `${route.service} is stopped`,
    message: `The service ${route.service} of ${stack.label} does not run.`,
    hint: `portramp start ${route.service}`,
    retryAfter: 5,
  });
}

export function unreachable({ stack, route }: Match, target: Target, error: Error): Notice {
  return about(stack, {
    code: 'SERVICE_UNREACHABLE',
    title: `${route.service} does not answer`,
    message: `No answer from the service ${route.service} of ${stack.label} at ${target.host}:${target.port}: ${messageOf(error)}.`,
    hint: unreachableHint(route, error),
    retryAfter: 2,
  });
}

function unreachableHint({ service, hostHeader }: Match['route'], error: Error): string {
  // It runs elsewhere, and has no log here.
  if (hostHeader === undefined) return `portramp logs ${service}`;
  return certificateHint(service, messageOf(error)) ?? `portramp why ${service}`;
}

/** @param target asked in plain HTTP */
export function speaksTls({ stack, route }: Match, { host, port }: Target): Notice {
  const { service } = route;
  const isExternal = route.hostHeader !== undefined;
  return {
    code: 'SERVICE_SPEAKS_TLS',
    title: `${service} speaks https`,
    message: `The service ${service} of ${stack.label} speaks TLS at ${host}:${port}, and portramp.yaml says http.`,
    hint: isExternal
      ? `write in portramp.yaml: services.${service}.external: https://${host}:${port}`
      : `write in portramp.yaml: services.${service}.ports: { ${route.port}: { appProtocol: https } }`,
    retryAfter: 5,
  };
}

export function loop(host: string, { stack, route }: Match): Notice {
  return {
    code: 'LOOP',
    title: 'This request runs in circles',
    message:
      `It came back to the front again and again. Most likely the dev server of ${route.service} (${stack.label}) ` +
      `proxies to an address of the front and keeps the Host header "${host}", which leads back to itself.`,
    hint: 'set changeOrigin: true on that proxy, or have it dial the target directly: ${SERVICE.url} in the contract',
  };
}

/** @param link an address that may have been meant */
export function unknownHost(host: string, link: string | undefined): Notice {
  return {
    code: 'UNKNOWN_HOST',
    title: `Nothing is called ${host}`,
    message: `No running stack has the host ${host}.`,
    hint: 'portramp ls shows what runs; portramp dev starts the stack of a checkout',
    link,
  };
}

/** The host names a service, or a port of one, that the front does not pass requests on to. */
export function unroutedService(host: string, meant: Unrouted & { readonly stack: FrontStack }): Notice {
  return about(meant.stack, {
    code: 'UNKNOWN_HOST',
    title: `No route leads to ${host}`,
    message: `The service ${meant.service} of ${meant.stack.label} ${describeUnrouted(meant)}.`,
    hint: askForUrl(meant) ?? `portramp why ${meant.service}`,
  });
}

/** The host is one of a stack that nobody runs at the moment. */
export function resting(host: string, { label, root, environment, gone = false }: RestingStack): Notice {
  if (gone) {
    return {
      code: 'STACK_NOT_RUNNING',
      title: `The checkout of ${label} is gone`,
      message: `The host ${host} belongs to ${label}, which is not running. Its checkout ${root} was removed or moved.`,
      hint: 'portramp clean',
      retryAfter: 5,
    };
  }
  const command = environment === undefined ? 'portramp dev' : `portramp dev --env ${environment}`;
  return {
    code: 'STACK_NOT_RUNNING',
    title: `${label} is not running`,
    message: `The host ${host} belongs to ${label}, which is not running. Its checkout is ${root}.`,
    hint: `cd ${shellWord(root)} && ${command}`,
    retryAfter: 5,
  };
}

export function unroutedPath(host: string, { label }: FrontStack): Notice {
  return {
    code: 'UNKNOWN_PATH',
    title: `${host} has nothing here`,
    message: `The host ${host} belongs to ${label}, and no port of it has this path.`,
    hint: 'portramp ls lists the addresses; "path" in portramp.yaml says what is found where',
  };
}

/** @param origin of the page; undefined where the browser does not tell */
export function foreignPage(head: RequestHead, { stack, route }: Match, origin: string | undefined): Notice {
  const named = origin !== undefined && origin !== 'null';
  // A login elsewhere that comes back needs no more than that.
  const forms = isFormPost(head) && (named || origin === 'null') ? `{ formPosts: ["${origin}"] }` : undefined;
  const access = forms ?? (named ? `{ origins: ["${origin}"] }` : 'any');
  return {
    code: 'FOREIGN_PAGE',
    title: `Another site asked for ${route.service}`,
    message:
      `A page of ${named ? origin : 'another site'} asked for the service ${route.service} of ${stack.label}. ` +
      'Only pages of the same stack may.',
    hint: `services.${route.service}.access in portramp.yaml lets it in: access: { browser: ${access} }`,
  };
}

/** After the daemon's start: the name is known, its runner is about to come back. */
export function expected(host: string): Notice {
  return {
    code: 'STACK_RETURNING',
    title: `${host} is coming back`,
    message: 'The front has just started and waits for the stack of this host.',
    hint: 'portramp ls',
    retryAfter: 1,
  };
}

export const FOREIGN_HOST: Notice = {
  code: 'FOREIGN_HOST',
  title: 'Not served here',
  message: 'This is the front of local services. It serves their names and no other.',
};

export const MALFORMED_HOST: Notice = {
  code: 'BAD_REQUEST',
  title: 'Bad request',
  message: 'The request has no usable Host header.',
};

export const CROWDED: Notice = {
  code: 'TOO_MANY_WAITING',
  title: 'Too many requests wait',
  message: 'So many requests wait for services that are starting that this one was not let in.',
  hint: 'portramp ls',
  retryAfter: 2,
};

export const CLOSING: Notice = {
  code: 'CLOSING',
  title: 'The front is closing',
  message: 'The daemon ends or is replaced by another one.',
  hint: 'portramp daemon status',
  retryAfter: 1,
};

export const BROKEN: Notice = {
  code: 'INTERNAL',
  title: 'This is a bug in portramp',
  message: 'The front could not decide about this request. The log of the daemon says why.',
  hint: 'portramp daemon status',
};
