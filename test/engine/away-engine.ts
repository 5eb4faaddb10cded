/** An engine that can be away while its containers run on: a socket before that of the real one. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface AwayEngine {
  /** The value of DOCKER_HOST. */
  readonly host: string;
  /** From now on nobody listens. */
  leave(): Promise<void>;
  comeBack(): Promise<void>;
}

/** @param path Where its socket is made. */
export async function startAwayEngine(path: string): Promise<AwayEngine> {
  const behind = /^unix:\/\/(.+)$/.exec(process.env['DOCKER_HOST'] ?? '')?.[1] ?? '/var/run/docker.sock';
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  const engine: AwayEngine = {
    host: `unix://${path}`,
    leave: () =>
      new Promise((settle) => {
        for (const socket of sockets) socket.destroy();
        if (server === undefined) return settle();
        server.close(() => settle());
        server = undefined;
      }),
    comeBack: async () => {
      if (server !== undefined) return;
      const next = createServer({ allowHalfOpen: true }, (near) => {
        const far = connect({ path: behind, allowHalfOpen: true });
        for (const [socket, other] of [
          [near, far],
          [far, near],
        ] as const) {
          sockets.add(socket);
          socket.on('error', () => other.destroy());
          socket.once('close', () => {
            sockets.delete(socket);
            other.destroy();
          });
          socket.pipe(other);
        }
      });
      await new Promise<void>((settle) => next.listen(path, settle));
      server = next;
    },
  };
  await engine.comeBack();
  return engine;
}
