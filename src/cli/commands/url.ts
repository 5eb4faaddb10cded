import type { Command } from 'commander';

import { PortrampError } from '../../lib/errors.ts';
import { findAddresses, type Address } from '../resolved-stack.ts';
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
  const addresses = await findAddresses(await locateStack(options), name);
  const address =
    options.port === undefined
      ? (addresses.find((candidate) => candidate.primary) ?? addresses[0])
      : addresses.find((candidate) => candidate.port === options.port);
  if (address === undefined) throw noPort(name, options.port, addresses);
  const { port, url: direct, publicUrl, hosts, declared } = address;
  if (options.json)
    printJson({ version: 1, service: name, port, url: direct, publicUrl, hosts, declaredUrl: declared });
  else print(options.direct ? direct : (declared ?? publicUrl ?? direct));
}

function noPort(service: string, wanted: string | undefined, ports: readonly Address[]): PortrampError {
  if (ports.length === 0)
    return new PortrampError('UNKNOWN_NAME', `${service} has no port, so it has no URL`);
  return new PortrampError('UNKNOWN_NAME', `${service} has no port "${wanted ?? ''}"`, {
    hint: `its ports are: ${ports.map(({ port }) => port).join(', ')}`,
  });
}
