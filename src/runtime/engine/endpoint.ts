/** Where the container engine listens, as `docker` finds it: DOCKER_HOST, else the context, else the usual socket. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

export type Endpoint =
  /** A unix socket, or a named pipe of Windows. */
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  /** What only `docker` itself can reach (TLS, SSH): its program passes the bytes on. */
  | { readonly kind: 'program'; readonly name: string };

const DOCKER_SOCKET = '/var/run/docker.sock';
const DOCKER_PIPE = String.raw`\\.\pipe\docker_engine`;

/** @param program The one that Compose is called by: Podman's engine has a socket of its own. */
export async function findEndpoint(environment: Environment, program: string): Promise<Endpoint> {
  const host = environment['DOCKER_HOST'] ?? '';
  if (host !== '') return parseEndpoint(host, environment);
  if (program === 'podman') return { kind: 'socket', path: podmanSocket(environment) };
  const named = await hostOfContext(environment);
  if (named !== undefined) return parseEndpoint(named, environment);
  const path = process.platform === 'win32' ? DOCKER_PIPE : DOCKER_SOCKET;
  return { kind: 'socket', path };
}

/** What a person calls it. */
export function nameOf(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case 'socket':
      return endpoint.path;
    case 'tcp':
      return `${endpoint.host}:${endpoint.port}`;
    case 'program':
      return endpoint.name;
  }
}

function parseEndpoint(host: string, environment: Environment): Endpoint {
  const socket = /^(?:unix|npipe):\/\/(.+)$/.exec(host)?.[1];
  if (socket !== undefined) return { kind: 'socket', path: socket.replaceAll('/', pathSeparator(host)) };
  const [, name, port] = /^(?:tcp|http):\/\/\[?([^\]/]+?)\]?(?::(\d+))?\/?$/.exec(host) ?? [];
  if (name !== undefined && (environment['DOCKER_TLS_VERIFY'] ?? '') === '') {
    return { kind: 'tcp', host: name, port: Number(port ?? 2375) };
  }
  return { kind: 'program', name: host };
}

const pathSeparator = (host: string): string => (host.startsWith('npipe:') ? '\\' : '/');

/** Podman's own search: root has one for the machine, everybody else one for themselves. */
function podmanSocket(environment: Environment): string {
  const own = environment['XDG_RUNTIME_DIR'];
  if (own !== undefined && own !== '' && process.getuid?.() !== 0) return join(own, 'podman/podman.sock');
  return '/run/podman/podman.sock';
}

/** Undefined for the context `default`, and where the folder of `docker` says nothing of it. */
async function hostOfContext(environment: Environment): Promise<string | undefined> {
  const folder = environment['DOCKER_CONFIG'] ?? join(homedir(), '.docker');
  const chosen =
    environment['DOCKER_CONTEXT'] ?? textAt(await readJson(join(folder, 'config.json')), 'currentContext');
  if (chosen === undefined || chosen === '' || chosen === 'default') return undefined;
  const id = createHash('sha256').update(chosen).digest('hex');
  const meta = join(folder, 'contexts/meta', id, 'meta.json');
  const host = textAt(await readJson(meta), 'Endpoints', 'docker', 'Host');
  // Its certificates are the business of the program that made it.
  return host?.startsWith('tcp:') && existsSync(join(folder, 'contexts/tls', id))
    ? `context ${chosen}`
    : host;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  let found = value;
  for (const key of path) {
    found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[key] : undefined;
  }
  return typeof found === 'string' ? found : undefined;
}
