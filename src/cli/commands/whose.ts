import type { Command } from 'commander';

import { describeForbidden, describeHolder } from '../../lib/holder.ts';
import type { PortHolder } from '../../protocol/messages.ts';
import { withStartedDaemon } from '../daemon-access.ts';
import { parsePort } from '../port-argument.ts';
import { findPortOwner, type ContainerPlace, type PortOwner, type PortPlace } from '../port-owner.ts';
import { print, printJson } from '../terminal.ts';

export function defineWhose(program: Command): void {
  program
    .command('whose <port>')
    .summary('say which stack and service a port belongs to')
    .description(
      'Say which stack and service of this user has a port, or who else listens there. Exit code 1: no stack has it.',
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  portramp whose 20031')
    .action((text: string, options: { json?: boolean }) => whose(parsePort(text), options.json === true));
}

async function whose(port: number, isJson: boolean): Promise<void> {
  const owner = await withStartedDaemon((client) => findPortOwner(client, port));
  if (isJson) printJson({ version: 1, port, ...toJson(owner) });
  else print(describeOwner(port, owner));
  process.exitCode = owner.kind === 'stranger' || owner.kind === 'nobody' ? 1 : 0;
}

function toJson(owner: PortOwner): Record<string, unknown> {
  switch (owner.kind) {
    case 'service': {
      const { kind, holders } = owner;
      return { kind, ...placeJson(owner), holders };
    }
    case 'container':
      return { kind: 'container', container: owner.container.name, ...placeJson(owner) };
    case 'front':
      return { kind: 'front' };
    case 'stranger': {
      const { reserved, container, ...rest } = owner;
      return {
        ...rest,
        ...(container === undefined ? {} : { container: container.name }),
        ...(reserved === undefined ? {} : { reserved: placeJson(reserved) }),
      };
    }
    case 'nobody': {
      const { reserved, ...rest } = owner;
      return { ...rest, ...(reserved === undefined ? {} : { reserved: placeJson(reserved) }) };
    }
  }
}

const placeJson = ({ stack, service, port }: ContainerPlace): Record<string, unknown> => ({
  stack: stack.slug,
  root: stack.root,
  environment: stack.environment,
  service,
  name: port,
});

/** One sentence, and what to type where there is something to do. */
export function describeOwner(port: number, owner: PortOwner): string {
  switch (owner.kind) {
    case 'service': {
      const { service, port: name, stack, holders } = owner;
      const who = describeHolders(holders);
      const what = name === undefined ? `is listened on by ${service}` : `is ${service} (${name})`;
      return `port ${port} ${what} of ${stack.slug}, ${stack.root}: ${who}\nto end it: portramp stop --port ${port}`;
    }
    case 'container': {
      const { service, port: name, stack, container } = owner;
      const what = `is ${service}${name === undefined ? '' : ` (${name})`}`;
      const whose = stack.root === undefined ? stack.slug : `${stack.slug}, ${stack.root}`;
      const alone = container.isAttended ? '' : ', which runs without a runner';
      const rest = container.isAttended ? '' : `\nto end all of its stack: portramp down ${stack.slug}`;
      return `port ${port} ${what} of ${whose}: the container ${container.name}${alone}\nto end it: portramp stop --port ${port}${rest}`;
    }
    case 'front':
      return `port ${port} is the front of portramp`;
    case 'stranger': {
      const who = owner.container?.text ?? describeHolders(owner.holders);
      return `port ${port} belongs to no stack: ${who} has it${describeReserved(owner.reserved)}`;
    }
    case 'nobody':
      return owner.forbidden === true
        ? `nothing is seen to listen on port ${port}${describeReserved(owner.reserved)}; it ${describeForbidden(port)}`
        : `nothing listens on port ${port}${describeReserved(owner.reserved)}`;
  }
}

const describeHolders = (holders: readonly PortHolder[]): string =>
  holders.map(describeHolder).join(', ') || describeHolder(undefined);

const describeReserved = (place: PortPlace | undefined): string =>
  place === undefined
    ? ''
    : `; the number is kept for ${place.service} of ${place.stack.slug} (${place.stack.root})`;
