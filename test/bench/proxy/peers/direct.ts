import type { FindPeer } from './peer.ts';

/** No proxy: what the load and the backend can do. */
export const findDirect: FindPeer = async () => ({
  name: 'direct',
  runtime: 'no proxy',
  start: async (_workshop, backend) => ({
    port: backend,
    host: 'bench.localhost',
    pid: undefined,
    close: async () => undefined,
  }),
});
