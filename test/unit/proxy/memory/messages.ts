/** Reads what the ends of a modelled engine got, with no word of the engine's own parser. */

export interface Message {
  /** The first line. */
  readonly line: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
  /** Nothing of it is missing; of a body that ends with its connection: unknown, and true. */
  readonly isWhole: boolean;
  readonly endsWithConnection: boolean;
}

/** What there is of the next message, and where it ends. */
interface Read {
  readonly message: Message;
  readonly next: number;
}

/** Reads requests until one is not whole. */
export const readRequests = (text: string): readonly Message[] => readAll(text, () => false, false);

/**
 * Reads responses until one is not whole.
 * @param isBodiless whether the final response of this place has no body: it answers HEAD
 */
export const readResponses = (text: string, isBodiless: (place: number) => boolean): readonly Message[] =>
  readAll(text, isBodiless, true);

export const statusOf = ({ line }: Message): number => Number(line.split(' ')[1]);

function readAll(
  text: string,
  isBodiless: (place: number) => boolean,
  areResponses: boolean,
): readonly Message[] {
  const found: Message[] = [];
  let place = 0;
  for (let at = 0; at < text.length;) {
    const read = readOne(text, at, isBodiless(place), areResponses);
    if (read === undefined) break;
    found.push(read.message);
    if (!read.message.isWhole) break;
    at = read.next;
    if (areResponses && statusOf(read.message) >= 200) place += 1;
  }
  return found;
}

function readOne(text: string, from: number, isBodiless: boolean, isResponse: boolean): Read | undefined {
  const end = text.indexOf('\r\n\r\n', from);
  if (end === -1) return undefined;
  const [line = '', ...lines] = text.slice(from, end).split('\r\n');
  const fields = new Map(
    lines.map((field) => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()] as const;
    }),
  );
  const start = end + 4;
  const status = isResponse ? Number(line.split(' ')[1]) : 0;
  const done = (body: string, next: number, isWhole: boolean, endsWithConnection = false): Read => ({
    message: { line, fields, body, isWhole, endsWithConnection },
    next,
  });
  if (isResponse && (isBodiless || status < 200 || status === 204 || status === 304))
    return done('', start, true);
  if (fields.get('transfer-encoding') === 'chunked') return readChunks(text, start, done);
  const length = fields.get('content-length');
  if (length !== undefined) {
    const body = text.slice(start, start + Number(length));
    return done(body, start + Number(length), body.length === Number(length));
  }
  return isResponse ? done(text.slice(start), text.length, true, true) : done('', start, true);
}

function readChunks(
  text: string,
  start: number,
  done: (body: string, next: number, isWhole: boolean) => Read,
): Read {
  let body = '';
  for (let at = start; ;) {
    const line = text.indexOf('\r\n', at);
    if (line === -1) return done(body, text.length, false);
    const size = Number.parseInt(text.slice(at, line), 16);
    if (Number.isNaN(size)) throw new Error(`no chunk: ${JSON.stringify(text.slice(at, at + 40))}`);
    const next = line + 2 + size + 2;
    body += text.slice(line + 2, line + 2 + size);
    if (next > text.length) return done(body, text.length, false);
    if (size === 0) return done(body, next, true);
    at = next;
  }
}
