import { dirname, join } from 'node:path';

/** Beside the private engine's socket; there when a test has ended the first engine and started another. */
export function restartedMarker(): string | undefined {
  const socket = /^unix:\/\/(.+)$/.exec(process.env['DOCKER_HOST'] ?? '')?.[1];
  return socket === undefined ? undefined : join(dirname(socket), 'restarted');
}
