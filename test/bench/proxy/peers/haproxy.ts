import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { askVersion, findFreePort } from '../workshop.ts';
import { entranceOf, waitForAnswer, type FindPeer } from './peer.ts';

const configOf = (port: number, backend: number): string => `global
  nbthread 1
  maxconn 4000
defaults
  mode http
  option forwardfor
  http-reuse always
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
frontend front
  bind 127.0.0.1:${port} backlog 4096
  default_backend site
backend site
  server site 127.0.0.1:${backend}
`;

export const findHaproxy: FindPeer = async () => {
  const version = /version (\d+\.\d+\.\d+)/.exec((await askVersion('haproxy', '-v')) ?? '')?.[1];
  if (version === undefined) return { name: 'haproxy', absent: 'apt-get install haproxy' };
  return {
    name: 'haproxy',
    runtime: `haproxy ${version}`,
    start: async (workshop, backend) => {
      const port = await findFreePort();
      const config = join(workshop.folder, `haproxy-${port}.cfg`);
      writeFileSync(config, configOf(port, backend));
      const program = workshop.start('proxy', ['haproxy', '-db', '-f', config]);
      return waitForAnswer('haproxy', entranceOf(program, port), program);
    },
  };
};
