/** What a finding of the daemon about an instance means for its service, in words and deeds. Pure. */
import { describeBelonging, describeHolder, howToEnd, type Belonging } from '../lib/holder.ts';
import type { ResolvedPort, ResolvedService } from '../plan/plan.ts';
import { slotsOf } from '../plan/slots.ts';
import type { Finding } from '../protocol/messages.ts';
import { requiredPort } from './readiness/own-ports.ts';
import type { Cause } from './service.ts';

export type Consequence =
  /** Somebody else listens on the port: the service is not told from it any more. */
  | { readonly kind: 'ghost'; readonly cause: Cause }
  /** Something that a person should know. */
  | { readonly kind: 'tell'; readonly text: string };

/**
 * Says what follows from a finding; undefined for a port that the service does not have any more.
 *
 * @param belonging of the holder that was found, where that is written down
 */
export function judgeFinding(
  service: ResolvedService,
  finding: Finding,
  belonging?: Belonging,
): Consequence | undefined {
  const port = service.ports.find(({ name }) => name === finding.port);
  if (port === undefined) return undefined;
  switch (finding.kind) {
    case 'ghost':
      return { kind: 'ghost', cause: describeGhost(service, port, finding, belonging) };
    case 'unknown':
      return { kind: 'ghost', cause: describeUnknown(service, port, finding) };
    case 'elsewhere':
      // Whoever watches the instance goes along, or says why not, as soon as it is known to be a server.
      if (isWatched(service, port, finding.opened.length)) return undefined;
      return { kind: 'tell', text: describeElsewhere(service, port, finding) };
  }
}

function describeGhost(
  service: ResolvedService,
  port: ResolvedPort,
  { number, holder, label, later }: Extract<Finding, { kind: 'ghost' }>,
  belonging: Belonging | undefined,
): Cause {
  const whose = label === undefined ? describeBelonging(belonging) : `, which is ${label}`;
  const where = holder.address === undefined ? '' : `; it listens on ${holder.address}`;
  const how = howToEnd(number, { ...holder, belonging: label === undefined ? belonging : 'live' });
  const end = how === undefined ? 'end it' : `end it: ${how}`;
  const own = later
    ? `; if it is ${service.name} itself, which detached without a trace, ${lineFor(service, port, 'listener: external')}`
    : '';
  return {
    message: `port ${number} (${port.name}) is shared with ${describeHolder(holder)}${whose}${where}`,
    hint: `${end}, then start ${service.name} again${own}`,
  };
}

function describeUnknown(
  service: ResolvedService,
  port: ResolvedPort,
  { number, address, user }: Extract<Finding, { kind: 'unknown' }>,
): Cause {
  const who = user === undefined ? 'a process' : `a process of user ${user}`;
  return {
    message: `port ${number} (${port.name}) is listened on by ${who} that cannot be identified, on ${address}`,
    hint: `if it is ${service.name} itself, ${lineFor(service, port, 'listener: external')}`,
  };
}

function describeElsewhere(
  service: ResolvedService,
  port: ResolvedPort,
  { number, opened }: Extract<Finding, { kind: 'elsewhere' }>,
): string {
  const numbers = opened.map((one) => one.number);
  const where = `${service.name} listens on ${numbers.join(' and ')}, not on ${number} (its port ${port.name})`;
  return `${where}; ${cureFor(service, port, numbers)}`;
}

/** Whether what is found of the port shows in the status of the service, or in its being followed. */
function isWatched({ service, ports }: ResolvedService, port: ResolvedPort, opened: number): boolean {
  if (service.kind !== 'process' || !port.primary) return false;
  return requiredPort(service.ready, ports) === port || (port.follow !== 'never' && opened === 1);
}

/**
 * Says what to do about a service that listens on other numbers than its own.
 *
 * @param isOthers whether somebody else has one of the numbers
 */
export function cureFor(
  service: ResolvedService,
  port: ResolvedPort,
  numbers: readonly number[],
  isOthers = false,
): string {
  // Several at once cannot all be where one of them always is.
  if (port.ramp && slotsOf(service.service) > 1)
    return 'the ramp leads there; give it the port that PORT says';
  if (!port.primary) return 'give it that port: only the first port of a service is followed';
  if (numbers.length > 1) {
    if (port.follow === 'asked') return 'portramp follows only when it is one port';
    return `if one of them is ${port.name}, give it the port that PORT says; if it has no port, write "ports: false"`;
  }
  if (isOthers || port.follow === 'asked') return 'give it the port that PORT says';
  const declared = service.service.ports.find(({ name }) => name === port.name);
  const line =
    declared?.follow === false
      ? `write "follow: true" in place of "follow: false" in services.${service.name}.ports.${port.name}`
      : lineFor(service, port, 'follow: true');
  return `give it the port that PORT says, or ${line}`;
}

/** The line for the contract, and where it goes. */
export const lineFor = ({ name }: ResolvedService, port: ResolvedPort, line: string): string =>
  port.implicit
    ? `add "ports: { ${port.name}: { ${line} } }" to services.${name}`
    : `add "${line}" to services.${name}.ports.${port.name}`;
