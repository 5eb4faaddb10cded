/** What a finding of the daemon about an instance means for its service, in words and deeds. Pure. */
import { describeHolder } from '../lib/holder.ts';
import type { ResolvedPort, ResolvedService } from '../plan/plan.ts';
import { slotsOf } from '../plan/slots.ts';
import type { Finding } from '../protocol/messages.ts';
import type { Cause } from './service.ts';

export type Consequence =
  /** Somebody else listens on the port: the service is not told from it any more. */
  | { readonly kind: 'ghost'; readonly cause: Cause }
  /** Something that a person should know. */
  | { readonly kind: 'tell'; readonly text: string }
  /** The contract says to go along with the port that the service opened. */
  | { readonly kind: 'follow'; readonly port: ResolvedPort; readonly number: number };

/** Undefined for a port that the service does not have any more. */
export function judgeFinding(service: ResolvedService, finding: Finding): Consequence | undefined {
  const port = service.ports.find(({ name }) => name === finding.port);
  if (port === undefined) return undefined;
  switch (finding.kind) {
    case 'ghost':
      return { kind: 'ghost', cause: describeGhost(service, port, finding) };
    case 'unknown':
      return { kind: 'ghost', cause: describeUnknown(service, port, finding) };
    case 'elsewhere': {
      const [only, ...others] = finding.opened;
      if (port.follow && only !== undefined && others.length === 0) {
        return { kind: 'follow', port, number: only.number };
      }
      return { kind: 'tell', text: describeElsewhere(service, port, finding) };
    }
  }
}

function describeGhost(
  service: ResolvedService,
  port: ResolvedPort,
  { number, holder, label, later }: Extract<Finding, { kind: 'ghost' }>,
): Cause {
  const whose = label === undefined ? '' : `, which is ${label}`;
  const where = holder.address === undefined ? '' : `; it listens on ${holder.address}`;
  const end = holder.pid === undefined ? 'end it' : `end it: kill ${holder.pid}`;
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
  if (port.follow) return `${where}; portramp follows only when it is one port`;
  // Several at once cannot all be where one of them always is.
  if (port.ramp && slotsOf(service.service) > 1)
    return `${where}, to which the ramp leads; give it the port that PORT says`;
  const line = lineFor(service, port, 'follow: true');
  const [only] = numbers.length === 1 ? numbers : [];
  return only === undefined
    ? `${where}; if one of them is ${port.name}, give it the port that PORT says; if it has no port, write "ports: false"`
    : `${where}; give it the port that PORT says, or ${line}`;
}

/** The line for the contract, and where it goes. */
const lineFor = ({ name }: ResolvedService, port: ResolvedPort, line: string): string =>
  port.implicit
    ? `add "ports: { ${port.name}: { ${line} } }" to services.${name}`
    : `add "${line}" to services.${name}.ports.${port.name}`;
