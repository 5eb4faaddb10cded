/** One screen that says what is in the way. */
import { describeHolder } from '../../lib/holder.ts';
import { sayDuration } from '../duration.ts';
import type { InstanceTold } from '../instances.ts';
import { color } from '../terminal.ts';
import type {
  ExplainedHolder,
  Explanation,
  HostExplanation,
  NeedExplanation,
  PortExplanation,
  ServiceExplanation,
} from '../why/explanation.ts';
import { paintWord } from './stacks.ts';

export function renderExplanation(explanation: Explanation): string {
  switch (explanation.kind) {
    case 'service':
      return renderService(explanation).join('\n');
    case 'port':
      return [color.bold(`port ${explanation.number}`), ...indent(renderPort(explanation))].join('\n');
    case 'host':
      return renderHost(explanation).join('\n');
  }
}

function renderService(service: ServiceExplanation): string[] {
  const { stack, root, reason, hint, needs, instances = [], ports, refusedHosts } = service;
  const { probe, ended, answers = {}, held, remains } = service;
  const head = `${color.bold(service.service)} ${paintWord(service.state)}  ${color.dim(`${stack}, ${root}`)}`;
  return [
    head,
    ...indent([
      ...(reason === undefined ? [] : [withHint(color.red(reason), hint)]),
      ...(held === undefined ? [] : [withHint(color.red(held.reason), held.hint)]),
      ...renderNeeds(needs),
      ...instances.map((instance) => renderInstance(instance, service.service)),
      ...(remains ?? []).map((process) => `kept from stopping by ${describeHolder(process)}`),
      ...(ended === undefined ? [] : [renderEnd(ended)]),
      ...(probe === undefined ? [] : [renderProbe(probe)]),
      ...renderAnswers(answers),
      ...ports.map((port) => `port ${port.number}: ${renderPort(port).join('; ')}`),
      ...refusedHosts.map(({ host, stack: holder }) => `${host} is held by ${holder}`),
    ]),
  ];
}

/** Words for the instance that is about to take over, and for one that gets no more requests. */
const ROLES: Record<InstanceTold['role'], string> = {
  serving: '',
  challenger: ', which is to take over',
  retiring: ', which gets no more requests',
};

function renderInstance({ name, role, status, pid, reason, hint }: InstanceTold, service: string): string {
  const head = `${name} is ${paintWord(status)}${pid === undefined ? '' : ` (pid ${pid})`}${ROLES[role]}`;
  return reason === undefined ? head : `${head}: ${withHint(reason, hint ?? `portramp logs ${service}`)}`;
}

/** A reason that several have is told with the first of them. @param told By the reason, who that is. */
function renderNeeds(needs: readonly NeedExplanation[], told = new Map<string, string>()): string[] {
  return needs.flatMap(({ service, condition, state, reason, hint, needs: others }) => {
    const first = reason === undefined ? undefined : told.get(reason);
    if (reason !== undefined && first === undefined) told.set(reason, service);
    const why =
      reason === undefined
        ? ''
        : first === undefined || first === service
          ? `: ${withHint(reason, hint)}`
          : `, for the same reason as ${first}`;
    return [
      `needs ${color.bold(service)} (${condition}), which is ${paintWord(state)}${why}`,
      ...indent(renderNeeds(others, told)),
    ];
  });
}

const renderAnswers = ({ failed, dropped }: NonNullable<ServiceExplanation['answers']>): string[] => [
  ...(failed === undefined
    ? []
    : [`a request was not answered ${(failed.ago / 1000).toFixed(1)} s ago: ${failed.message}`]),
  ...(dropped === undefined ? [] : [`left out of its last odd response (x-portramp-dropped): ${dropped}`]),
];

const renderProbe = ({ problem, ago }: NonNullable<ServiceExplanation['probe']>): string =>
  `last look ${(ago / 1000).toFixed(1)} s ago: ${problem ?? 'well'}`;

function renderEnd({
  ago,
  took,
  exitCode,
  signal,
  skipped,
}: NonNullable<ServiceExplanation['ended']>): string {
  const when = `${sayDuration(ago)} ago`;
  if (skipped === true) return `had nothing to do ${when}: its inputs are those of its last success`;
  const how = signal !== undefined ? ` by ${signal}` : exitCode === undefined ? '' : ` with code ${exitCode}`;
  return `ended${how} ${when}${took === undefined ? '' : `, after ${sayDuration(took)}`}`;
}

function renderPort({ lease, front, ramp, free, holders }: PortExplanation): string[] {
  const lines: string[] = [];
  if (lease !== undefined) {
    const { service, port, stack, root, running, pinned, generation, given, opened } = lease;
    const rest = running ? '' : ', which is not running';
    const how = given === undefined ? 'leased to' : 'opened by';
    lines.push(`${how} ${service}.${port} of ${stack} (${root})${rest}`);
    if (ramp) lines.push(`its ramp, which clients dial: portramp listens there for ${service}`);
    if (given !== undefined) lines.push(`in place of ${given}, which it was given`);
    if (opened !== undefined) lines.push(`it listens on ${opened} in its place`);
    if (pinned !== undefined) lines.push(`in place of ${pinned}, which the contract pins`);
    if (generation !== undefined) lines.push(`its number has moved ${generation - 1}×`);
  } else if (front === true) lines.push('the front of portramp');
  else lines.push('nobody leased it');
  if (free) lines.push('free: nothing listens there');
  else if (holders.length === 0) lines.push(color.red(`held by ${describeHolder(undefined)}`));
  return [
    ...lines,
    ...holders.map((holder) => renderHolder(holder, lease !== undefined && !isOfContainer(lease.port))),
  ];
}

/** Who listens for a container is the engine, and nothing proves whose it is. */
const isOfContainer = (lease: string): boolean => /^\d+\/(?:tcp|udp|sctp)/.test(lease);

function renderHolder(holder: ExplainedHolder, isProvable: boolean): string {
  const where = holder.address === undefined ? '' : ` on ${holder.address}`;
  const text = `held by ${describeHolder(holder)}${where}`;
  if (holder.own) return `${text}, which belongs to it`;
  return isProvable ? color.red(`${text}, a stranger`) : text;
}

function renderHost({
  host,
  stack,
  root,
  running,
  gone,
  service,
  frontProblem,
  unrouted,
  refused,
  suggestion,
}: HostExplanation): string[] {
  const wanted = refused.map((slug) => `${slug} wants it too, and does not get it`);
  if (stack === undefined) {
    const near = suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
    return [color.bold(host), ...indent([`leads nowhere: no stack has that name${near}`, ...wanted])];
  }
  if (unrouted !== undefined) {
    const text = `no route leads there: ${unrouted.service} of ${stack} ${unrouted.reason}`;
    return [color.bold(host), ...indent([text, ...wanted])];
  }
  const cure = gone ? '; its checkout was removed or moved: portramp clean' : ': portramp dev';
  const rest = running ? '' : `, which is not running${cure}`;
  return [
    color.bold(host),
    ...indent([
      ...(frontProblem === undefined ? [] : [color.red(`not reached now: ${frontProblem}`)]),
      `leads to ${stack} (${root})${rest}`,
      ...wanted,
      ...(service === undefined ? [] : renderService(service)),
    ]),
  ];
}

const withHint = (text: string, hint: string | undefined): string =>
  hint === undefined ? text : `${text}${color.dim(` — ${hint}`)}`;

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
