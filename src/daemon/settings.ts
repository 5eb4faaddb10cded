/** Settings of the machine: two variables and `config.yaml` in the state folder. */
import { PortrampError } from '../lib/errors.ts';
import { describeEntryError, readStateFile } from '../lib/state-file.ts';

export interface FrontSettings {
  /** `PORTRAMP_HTTP_PORT`; 0 is any free one. */
  readonly variable: number | undefined;
  /** `httpPort` in `config.yaml`. */
  readonly file: number | undefined;
}

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
  const text = await readStateFile(path).catch((error: unknown) => {
    const { message, hint } = describeEntryError('cannot read', path, error);
    throw new PortrampError('USAGE', message, { hint, cause: error });
  });
  if (text === undefined) return undefined;
  // Most machines have no such file: its parser is loaded only for those that do.
  const { LineCounter, isMap, isNode, isScalar, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const refuse = (message: string, offset = 0, hint = EXAMPLE): never => {
    const { line, col } = lines.linePos(offset);
    throw new PortrampError('USAGE', `${path}:${Math.max(1, line)}:${Math.max(1, col)} ${message}`, { hint });
  };
  const { contents, errors } = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [broken] = errors;
  if (broken !== undefined) return refuse(broken.message, broken.pos[0]);
  if (contents === null || (isScalar(contents) && contents.value === null)) return undefined;
  if (!isMap(contents)) return refuse('the settings are a map', contents.range?.[0]);
  let port: number | undefined;
  for (const { key, value } of contents.items) {
    const name = isScalar(key) ? String(key.value) : 'that is no word';
    const offset = isNode(key) ? key.range?.[0] : 0;
    if (name !== 'httpPort') return refuse(`there is no setting "${name}"`, offset);
    if (!isScalar(value) || !isPort(value.value)) {
      return refuse('httpPort is a number from 0 to 65535', isNode(value) ? value.range?.[0] : offset);
    }
    port = value.value;
  }
  return port;
}

const EXAMPLE = 'the one setting is a port number, for example "httpPort: 8080"';

const isPort = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65_535;
