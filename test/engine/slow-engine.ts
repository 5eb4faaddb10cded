/** An engine that takes its time to make one container: it stands before the real one, and passes everything on. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http';

export interface SlowEngine {
  /** The value of DOCKER_HOST. */
  readonly host: string;
  /** How often the container was asked for while it was being made. */
  readonly refused: number;
  close(): Promise<void>;
}

/** Of the container while it is made: the name has it already, and nobody is shown it. */
const UNSHOWN = '0'.repeat(64);

export interface SlowEngineOptions {
  /** Where its socket is made. */
  readonly path: string;
  /** Name of the container that takes long. */
  readonly slow: string;
  /** Name of one that cannot be made: that is found out only while the other one is being made. */
  readonly failing: string;
  /** When it is made: when it is asked for once more, or at the second look after nobody waits for it any more. */
  readonly until: 'asked' | 'looked at';
}

/** Makes the container late, also when nobody waits for it any more, as the real one does. */
export async function startSlowEngine({
  path,
  slow,
  failing,
  until,
}: SlowEngineOptions): Promise<SlowEngine> {
  const behind = /^unix:\/\/(.+)$/.exec(process.env['DOCKER_HOST'] ?? '')?.[1] ?? '/var/run/docker.sock';
  let make: (() => void) | undefined;
  let state: 'none' | 'asked' | 'abandoned' | 'made' = 'none';
  let looks = 0;
  let refused = 0;
  let fail: (() => void) | undefined;
  const finish = (): void => {
    state = 'made';
    make?.();
  };
  const server = http.createServer((request, response) => {
    response.on('error', () => undefined);
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://engine');
    const name = pathname.endsWith('/containers/create') ? searchParams.get('name') : undefined;
    const isWanted = name === slow;
    if (name === failing && state === 'none') {
      fail = () => passOn(behind, request, response);
      return;
    }
    if (isWanted && state === 'none') {
      state = 'asked';
      const body = readAll(request);
      make = () => void body.then((read) => passWhole(behind, request, response, read));
      response.once('close', () => {
        if (state === 'asked') state = 'abandoned';
      });
      fail?.();
      return;
    }
    if (isWanted && state !== 'made') {
      refused += 1;
      finish();
      const message = `Conflict. The container name "/${slow}" is already in use by container "${UNSHOWN}". You have to remove (or rename) that container to be able to reuse that name.`;
      response.writeHead(409, { 'Content-Type': 'application/json' }).end(JSON.stringify({ message }));
      return;
    }
    passOn(behind, request, response);
    if (until === 'asked' || state !== 'abandoned' || !pathname.endsWith('/containers/json')) return;
    looks += 1;
    if (looks === 2) finish();
  });
  // Compose keeps its connections, however long a loaded machine takes.
  server.keepAliveTimeout = 0;
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  await new Promise<void>((settle) => server.listen(path, settle));
  return {
    host: `unix://${path}`,
    get refused() {
      return refused;
    },
    close: () =>
      new Promise((settle) => {
        server.close(() => settle());
        server.closeAllConnections();
      }),
  };
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The engine answers as soon as it has seen enough, and hangs up: what is written after that finds nobody. */
function passOn(socketPath: string, request: IncomingMessage, response: ServerResponse): void {
  readAll(request).then(
    (body) => passWhole(socketPath, request, response, body),
    () => response.destroy(),
  );
}

function passWhole(
  socketPath: string,
  { method, url: path, headers }: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): void {
  const onward = http.request({ socketPath, method, path, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
    // Events would go on for ever.
    response.once('close', () => answer.destroy());
  });
  onward.on('error', ({ message }) => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end(JSON.stringify({ message: `between: ${method} ${path}: ${message}` }));
  });
  onward.end(body);
}
