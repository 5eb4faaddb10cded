import { createRequire } from 'node:module';
import { resolve } from 'node:path';

import { findFreePort } from '../workshop.ts';
import { entranceOf, nodeCommand, waitForAnswer, type FindPeer } from './peer.ts';

const PROGRAM = resolve('test/bench/proxy/programs/http-proxy.js');

/** http-proxy as a program of a few lines, with an agent that keeps connections. */
export const findHttpProxy: FindPeer = async () => {
  const { version } = createRequire(PROGRAM)('http-proxy/package.json') as { version: string };
  return {
    name: 'http-proxy',
    runtime: `http-proxy ${version}, keep-alive, Node ${process.versions.node}`,
    start: async (workshop, backend, options = {}) => {
      const port = await findFreePort();
      const words = [...nodeCommand(process.execPath, options), PROGRAM, String(port), String(backend)];
      const program = workshop.start('proxy', words);
      return waitForAnswer('http-proxy', entranceOf(program, port, options), program);
    },
  };
};
