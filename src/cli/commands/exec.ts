import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';

import type { Command } from 'commander';

import { PortrampError } from '../../lib/errors.ts';
import { findService } from '../resolved-stack.ts';
import { locateStack, withStackOptions, type StackOptions } from '../workspace.ts';

export function defineExec(program: Command): void {
  withStackOptions(program.command('exec <service> <command...>'))
    .summary('run a command with the environment and folder of a service')
    .passThroughOptions()
    .description(
      'Run a command with the environment and in the folder of a service. ' +
        "What follows the name of the service is the command's. Exit code: the command's.",
    )
    .addHelpText('after', '\nExample:\n  portramp exec api npx prisma studio')
    .action((service: string, words: string[], _options: unknown, command: Command) =>
      exec(service, words, command.optsWithGlobals()),
    );
}

async function exec(name: string, given: readonly string[], options: StackOptions): Promise<void> {
  const words = given[0] === '--' ? given.slice(1) : given;
  if (words[0]?.startsWith('-')) {
    throw new PortrampError('USAGE', `there is no command "${words[0]}"`, {
      hint: 'options of portramp go before the service: portramp exec --env test api npm run seed',
    });
  }
  const { service } = await findService(await locateStack(options), name);
  if (service.service.kind === 'compose') {
    const inside = service.service.compose;
    throw new PortrampError('USAGE', `${name} is a container`, {
      hint: `portramp compose exec ${inside} ${words.join(' ')}`,
    });
  }
  const { childEnvironment } = await import('../../runtime/environment.ts');
  const { domainsOf } = await import('../../plan/address.ts');
  const { describeStartError } = await import('../../runtime/process/start-error.ts');
  const [file = '', ...args] = words;
  const env = childEnvironment(process.env, service, {
    resolveLocalhost: service.service.kind !== 'external' && service.service.resolve === 'portramp',
    domains: domainsOf(service),
  });
  const explain = (error: unknown): PortrampError => {
    const { message, hint } = describeStartError(file, service.dir, error);
    return new PortrampError('USAGE', message, { hint });
  };
  let child: ChildProcess;
  try {
    child = spawn(file, args, { cwd: service.dir, env, stdio: 'inherit' });
  } catch (error) {
    // Some are thrown (E2BIG), others told by an event (ENOENT).
    throw explain(error);
  }
  const relays = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => {
    const relay = (): void => void (isTerminalInterrupt(signal) || child.kill(signal));
    process.on(signal, relay);
    return () => process.off(signal, relay);
  });
  try {
    process.exitCode = await new Promise<number>((resolve, reject) => {
      child.once('error', (error) => reject(explain(error)));
      child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    });
  } finally {
    for (const stop of relays) stop();
  }
}

/** A terminal sends it to the whole foreground group, so the child has it already. */
const isTerminalInterrupt = (signal: NodeJS.Signals): boolean => signal === 'SIGINT' && process.stdin.isTTY;
