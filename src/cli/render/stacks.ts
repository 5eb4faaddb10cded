/** The tables of `ls` and the summary of `dev`. */
import { explainSilence } from '../../lib/silence.ts';
import type { PublishedService, RunningStack, ServiceStateName } from '../../protocol/messages.ts';
import { color, columns } from '../terminal.ts';

const PAINT: Record<ServiceStateName, (text: string) => string> = {
  idle: color.dim,
  waiting: color.dim,
  starting: color.yellow,
  warming: color.yellow,
  ready: color.green,
  unwell: color.yellow,
  backoff: color.yellow,
  stopping: color.dim,
  failed: color.red,
  done: color.green,
  external: color.cyan,
};

/** Every state that a service may be in. */
export const STATES = Object.keys(PAINT) as readonly ServiceStateName[];

export function renderStacks(stacks: readonly RunningStack[]): string {
  return stacks.map((stack) => renderStack(stack)).join('\n\n');
}

/** @param describe what is said of a service beside its state */
export function renderStack(stack: RunningStack, describe = describeService): string {
  const where = color.dim(`${stack.root}${stack.branch === undefined ? '' : ` (${stack.branch})`}`);
  const status =
    stack.pid === undefined
      ? color.dim('not running')
      : stack.silent
        ? color.red(`runner ${stack.pid} does not answer: it ${explainSilence(stack.pid).words}`)
        : color.dim(`pid ${stack.pid}`);
  const head = `${color.bold(stack.slug)}  ${where}  ${status}`;
  const problems = (stack.problems ?? []).map((problem) => `  ${color.red(problem)}`);
  const services = stack.services.length === 0 ? [] : [renderServices(stack.services, describe)];
  return [head, ...problems, ...services].join('\n');
}

export const paintState = (state: ServiceStateName): string => PAINT[state](state);

/** One row a service: name, state, port, where to open it or what is wrong. */
export function renderServices(services: readonly PublishedService[], describe = describeService): string {
  return columns(
    services.map((service) => [service.name, paintState(service.state), portsOf(service), describe(service)]),
    '  ',
  );
}

const portsOf = (service: PublishedService): string =>
  service.ports
    .map((port) => (port.name === 'http' ? `:${port.port}` : `${port.name}:${port.port}`))
    .join(' ');

/** Where to open it, or what is wrong with it and what to do. */
export function describeService(service: PublishedService): string {
  if (service.failure !== undefined && service.state !== 'ready') {
    const { message, hint } = service.failure;
    return color.red(message) + (hint === undefined ? '' : color.dim(` — ${hint}`));
  }
  if (service.state === 'waiting' && service.waitingFor !== undefined && service.waitingFor.length > 0) {
    return color.dim(`for ${service.waitingFor.join(', ')}`);
  }
  const restarts = service.restarts > 0 ? color.dim(`  restarted ${service.restarts}×`) : '';
  return urlsOf(service).map(color.cyan).join(' ') + restarts + describeReplicas(service);
}

/** How many serve, where there are several; a service is ready as soon as one of them is. */
function describeReplicas({ name, instances = [] }: PublishedService): string {
  const serving = instances.filter(({ role }) => role === 'serving');
  if (serving.length < 2) return '';
  const ready = serving.filter(({ state }) => state === 'ready').length;
  const text = `  ${ready} of ${serving.length} replicas ready`;
  if (!serving.some(({ state }) => state === 'failed')) return color.dim(text);
  return color.red(text) + color.dim(` — portramp logs ${name}`);
}

const urlsOf = (service: PublishedService): string[] =>
  service.ports.flatMap((port) => (port.url === undefined ? [] : [port.url]));
