/** Settings of the machine: two variables and `config.yaml` in the state folder. */
import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import { PortrampError, errnoOf, messageOf } from '../lib/errors.ts';

export interface FrontSettings {
  /** `PORTRAMP_HTTP_PORT`; 0 is any free one. */
  readonly variable: number | undefined;
  /** `httpPort` in `config.yaml`. */
  readonly file: number | undefined;
}

const config = z.strictObject({ httpPort: z.number().int().min(0).max(65535).optional() });

/** @throws PortrampError USAGE when a setting cannot be read or is not a port. */
export async function readFrontSettings(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<FrontSettings> {
  return { variable: readVariable(environment['PORTRAMP_HTTP_PORT']), file: await readConfig(path) };
}

function readVariable(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= 65535) return number;
  throw new PortrampError('USAGE', 'PORTRAMP_HTTP_PORT is not a port number', {
    hint: 'set it to a number from 1 to 65535, or to 0 for any free port',
  });
}

async function readConfig(path: string): Promise<number | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw new PortrampError('USAGE', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
  // Most machines have no such file: its parser is loaded only for those that do.
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new PortrampError('USAGE', `${path}: ${messageOf(error)}`, { hint: 'for example: httpPort: 8080' });
  }
  const result = config.safeParse(value ?? {});
  if (result.success) return result.data.httpPort;
  throw new PortrampError('USAGE', `${path}: ${z.prettifyError(result.error)}`, {
    hint: 'the one setting is httpPort, a number from 0 to 65535',
  });
}
