import type { Command } from 'commander';

import { PortrampError } from '../../lib/errors.ts';
import { findService } from '../resolved-stack.ts';
import { print, printJson } from '../terminal.ts';
import { locateStack, withStackOptions, type StackOptions } from '../workspace.ts';

interface UrlOptions extends StackOptions {
  readonly port?: string;
  readonly direct?: boolean;
  readonly json?: boolean;
}

export function defineUrl(program: Command): void {
  withStackOptions(program.command('url <service>'))
    .summary('print the URL of a service, also before it is up')
    .description(
      'Print the URL of a service, also before it is up: the one for browsers, else the one to dial.',
    )
    .option('--port <name>', 'this port instead of the first')
    .option('--direct', 'the loopback address instead of the host name')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  curl "$(portramp url api)/healthz"')
    .action((service: string, _options: unknown, command: Command) =>
      url(service, command.optsWithGlobals()),
    );
}

async function url(name: string, options: UrlOptions): Promise<void> {
  const { service } = await findService(await locateStack(options), name);
  const port =
    options.port === undefined
      ? (service.ports.find((candidate) => candidate.primary) ?? service.ports[0])
      : service.ports.find((candidate) => candidate.name === options.port);
  if (port === undefined) throw noPort(name, options.port, service.ports);
  const { url: direct, publicUrl, hosts } = port;
  if (options.json) printJson({ version: 1, service: name, port: port.name, url: direct, publicUrl, hosts });
  else print(options.direct ? direct : (publicUrl ?? direct));
}

function noPort(
  service: string,
  wanted: string | undefined,
  ports: readonly { name: string }[],
): PortrampError {
  if (ports.length === 0)
    return new PortrampError('UNKNOWN_NAME', `${service} has no port, so it has no URL`);
  return new PortrampError('UNKNOWN_NAME', `${service} has no port "${wanted ?? ''}"`, {
    hint: `its ports are: ${ports.map((port) => port.name).join(', ')}`,
  });
}
