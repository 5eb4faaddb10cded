import type { Command } from 'commander';

import { PortrampError } from '../../lib/errors.ts';
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
  const addresses = await findAddresses(await locateStack(options), name);
  const url = addresses.find(({ publicUrl }) => publicUrl !== undefined)?.publicUrl;
  if (url === undefined) {
    throw new PortrampError('UNKNOWN_NAME', `${name} has no http port, so there is nothing to open`);
  }
  if (options.json) printJson({ version: 1, service: name, url });
  else print(url);
  if (!hasDesktop()) return;
  const { default: openInBrowser } = await import('open');
  const browser = await openInBrowser(url);
  browser.unref();
}

/** On Linux a browser needs a display (freedesktop.org, Wayland); elsewhere there is one. */
const hasDesktop = (): boolean =>
  process.platform !== 'linux' ||
  ['DISPLAY', 'WAYLAND_DISPLAY', 'BROWSER', 'WSL_DISTRO_NAME'].some((name) => process.env[name]);
