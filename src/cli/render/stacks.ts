/** The tables of `ls` and the summary of `dev`. */
import { explainSilence } from '../../lib/silence.ts';
import { leadTo } from '../../lib/way.ts';
import type { PublishedService, RunningStack } from '../../protocol/messages.ts';
import { statusOf, type Status } from '../../protocol/status.ts';
import { answersOn, complaintOf, heldOf, refusalOf, type Complaint } from '../complaint.ts';
import { brokenOf, servingOf } from '../instances.ts';
import { describeRenamed } from '../renamed.ts';
import { color, columns } from '../terminal.ts';
import { wayTo } from '../way.ts';
import { findCommon, withoutCommon, type Common } from './common.ts';

const PAINT: Record<Status, (text: string) => string> = {
  starting: color.yellow,
  ready: color.green,
  running: color.yellow,
  misplaced: color.red,
  unwell: color.red,
  restarting: color.yellow,
  stopping: color.dim,
  stopped: color.dim,
  sleeping: color.dim,
  failed: color.red,
  done: color.green,
  external: color.cyan,
};

/** Further facts of a stack. */
export interface More {
  /** Of a stack at rest, whether its checkout was removed or moved. */
  readonly isGone?: boolean | undefined;
  /** Of a stack at rest, names the containers that run all the same, and the command that helps. */
  readonly remains?: string | undefined;
  /** The Compose project in which it was started, where its files call that otherwise. */
  readonly project?: string | undefined;
}

export function renderStacks(
  stacks: readonly RunningStack[],
  moreOf: (stack: RunningStack) => More = () => ({}),
): string {
  return stacks.map((stack) => renderStack(stack, undefined, moreOf(stack))).join('\n\n');
}

/** @param describe what is said of a service beside its state; absent: where to open it, or what is wrong with it */
export function renderStack(stack: RunningStack, describe?: Describe, more: More = {}): string {
  const where = color.dim(`${stack.root}${stack.branch === undefined ? '' : ` (${stack.branch})`}`);
  const status =
    stack.pid === undefined
      ? describeResting(more)
      : stack.silent
        ? describeSilence(stack.pid)
        : color.dim(`pid ${stack.pid}${stack.ending ? ', going down' : ''}`);
  const head = `${color.bold(stack.slug)}  ${where}  ${status}`;
  const problems = (stack.problems ?? []).map((problem) => `  ${color.red(problem)}`);
  const renamed = describeRenamed(stack);
  const project =
    more.project === undefined ? undefined : `its Compose project is ${more.project}, as it was started`;
  const notices = [renamed, project].flatMap((text) =>
    text === undefined ? [] : [`  ${color.yellow(text)}`],
  );
  const way = wayTo(stack);
  const services = stack.services.length === 0 ? [] : [leadTo(renderServices(stack.services, describe), way)];
  return [head, ...problems, ...notices, ...services].join('\n');
}

function describeSilence(pid: number): string {
  const { words, hint } = explainSilence(pid);
  return color.red(`runner ${pid} does not answer: it ${words}`) + color.dim(` — ${hint}`);
}

function describeResting({ isGone, remains }: More): string {
  if (isGone === true) {
    return `${color.red('its checkout was removed or moved')}${color.dim(' — portramp clean, or after a move portramp dev where it is now')}`;
  }
  return color.dim('not running') + (remains === undefined ? '' : color.yellow(`, but ${remains}`));
}

/** The status of a service, in its colour. */
export function paintStatus(service: Pick<PublishedService, 'status' | 'state'>): string {
  const status = statusOf(service);
  return PAINT[status](status);
}

/** The same for a word that may be another one, such as "not running". */
export const paintWord = (word: string): string =>
  Object.hasOwn(PAINT, word) ? PAINT[word as Status](word) : color.dim(word);

type Describe = (service: PublishedService) => string;

/** One row a service: name, status, port, where to open it or what is wrong. What is wrong with several stands above. */
export function renderServices(services: readonly PublishedService[], describe?: Describe): string {
  const common = describe === undefined ? findCommon(services) : [];
  const tell = describe ?? ((service) => describeService(withoutCommon(service, common)));
  const rows = services.map((service) => [
    service.name,
    paintStatus(service),
    portsOf(service),
    tell(service),
  ]);
  return [...common.map((each) => `  ${describeCommon(each)}`), columns(rows, '  ')].join('\n');
}

function describeCommon({ services, reason, hint }: Common): string {
  const names = services.map(({ name }) => name).join(', ');
  return `${names}: ${color.red(reason)}${hint === undefined ? '' : color.dim(` — ${hint}`)}`;
}

const portsOf = (service: PublishedService): string =>
  service.ports
    .map((port) => (port.name === 'http' ? `:${port.port}` : `${port.name}:${port.port}`))
    .join(' ');

/** Where to open it, or what is wrong with it and what to do. */
export function describeService(service: PublishedService): string {
  const { reason, hint } = complaintOf(service);
  if (reason !== undefined) {
    const paint = isCalm(service) ? color.dim : color.red;
    return (
      paint(reason) + (hint === undefined ? '' : color.dim(` — ${hint}`)) + describeAside(heldOf(service))
    );
  }
  const restarts = service.restarts > 0 ? color.dim(`  restarted ${service.restarts}×`) : '';
  const asides = [refusalOf(service), heldOf(service)].map(describeAside).join('');
  const urls = urlsOf(service).map(color.cyan).join(' ');
  return urls + describeFollowed(service) + restarts + describeReplicas(service) + asides;
}

/** Words beside the status of a service. */
function describeAside({ reason, hint }: Complaint): string {
  return reason === undefined ? '' : `  ${color.red(reason)}${color.dim(` — ${hint}`)}`;
}

/** Says where the service listens, if that is not where it was told to. */
const describeFollowed = ({ ports }: PublishedService): string =>
  ports
    .filter(({ given, listening }) => given !== undefined && listening !== false)
    .map(({ targetPort, given }) => color.dim(`  listens on ${targetPort} in place of ${given ?? ''}`))
    .join('');

/** How many serve, where there are several; a service is ready as soon as one of them is. */
function describeReplicas(service: PublishedService): string {
  const serving = servingOf(service);
  if (serving.length < 2) return '';
  const ready = serving.filter(({ state }) => state === 'ready').length;
  const text = `  ${ready} of ${serving.length} replicas ready`;
  if (brokenOf(service).length === 0) return color.dim(text);
  return color.red(text) + color.dim(` — portramp why ${service.name}`);
}

/** On its way, or as far as it gets: not what a person has to be alarmed about. */
function isCalm(service: PublishedService): boolean {
  const status = statusOf(service);
  return status === 'starting' || status === 'running';
}

/** Only what answers: a URL that leads nowhere is worse than none. */
const urlsOf = (service: PublishedService): string[] =>
  service.ports.flatMap((port) => (port.url === undefined || !answersOn(service, port) ? [] : [port.url]));
