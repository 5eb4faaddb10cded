import type { Command } from 'commander';

import { PortrampError } from '../../lib/errors.ts';
import { meaningOf, statusOf } from '../../protocol/status.ts';
import type { PublishedPort, PublishedService, StackKey } from '../../protocol/messages.ts';
import { answersOn, complaintOf, silenceOf } from '../complaint.ts';
import { withRunningStack } from '../daemon-access.ts';
import { findAddresses } from '../resolved-stack.ts';
import { print, printJson } from '../terminal.ts';
import { locateStack, withStackOptions, type StackOptions } from '../workspace.ts';

export function defineOpen(program: Command): void {
  withStackOptions(program.command('open <service>'))
    .summary('open a service in the browser')
    .description('Open the URL of a service in the browser, and print it.')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  portramp open web')
    .action((service: string, _options: unknown, command: Command) =>
      open(service, command.optsWithGlobals()),
    );
}

async function open(name: string, options: StackOptions & { json?: boolean }): Promise<void> {
  const key = await locateStack(options);
  const addresses = await findAddresses(key, name);
  const { publicUrl: url, port } = addresses.find(({ publicUrl }) => publicUrl !== undefined) ?? {};
  if (url === undefined || port === undefined) {
    throw new PortrampError('UNKNOWN_NAME', `${name} has no http port, so there is nothing to open`);
  }
  await requireAnswer(key, name, port);
  if (options.json) printJson({ version: 1, service: name, url });
  else print(url);
  if (!hasDesktop()) return;
  const { default: openInBrowser } = await import('open');
  const browser = await openInBrowser(url);
  browser.unref();
}

/** @throws PortrampError STACK_NOT_RUNNING; SERVICE_SILENT where a browser would find nothing, with the reason */
function requireAnswer(key: StackKey, name: string, portName: string): Promise<void> {
  return withRunningStack(key, async (client, stack) => {
    const { front } = await client.request('status', {});
    if (front.problem !== undefined)
      throw new PortrampError('SERVICE_SILENT', `no name leads to ${name}: ${front.problem}`, {
        hint: `portramp url ${name} --direct prints an address that does not lead through the front`,
      });
    const service = stack.services.find((one) => one.name === name);
    const port = service?.ports.find((one) => one.name === portName);
    if (service === undefined || port === undefined || answersOn(service, port)) return;
    const { reason = describeSilence(service, port), hint = `portramp why ${name}` } = {
      ...silenceOf(service),
      ...complaintOf(service),
    };
    throw new PortrampError('SERVICE_SILENT', `${name} does not answer: ${reason}`, { hint });
  });
}

/** Another port of a service that is ready may be silent. */
const describeSilence = (service: PublishedService, { name, targetPort }: PublishedPort): string =>
  meaningOf(service).isUp ? `nothing listens on port ${targetPort} (${name})` : `it is ${statusOf(service)}`;

/** On Linux a browser needs a display (freedesktop.org, Wayland); elsewhere there is one. */
const hasDesktop = (): boolean =>
  process.platform !== 'linux' ||
  ['DISPLAY', 'WAYLAND_DISPLAY', 'BROWSER', 'WSL_DISTRO_NAME'].some((name) => process.env[name]);
