import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { askVersion, findFreePort } from '../workshop.ts';
import { entranceOf, waitForAnswer, type FindPeer } from './peer.ts';

const configOf = (port: number, backend: number): string => `{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${backend}
}
`;

export const findCaddy: FindPeer = async () => {
  const version = /\d+\.\d+\.\d+/.exec((await askVersion('caddy', 'version')) ?? '')?.[0];
  if (version === undefined) return { name: 'caddy', absent: 'apt-get install caddy' };
  const go = /\bgo(\d+\.\d+(\.\d+)?)/.exec((await askVersion('caddy', 'build-info')) ?? '')?.[1];
  return {
    name: 'caddy',
    runtime: `caddy ${version}${go === undefined ? '' : `, Go ${go}`}`,
    start: async (workshop, backend) => {
      const port = await findFreePort();
      const config = join(workshop.folder, `Caddyfile-${port}`);
      writeFileSync(config, configOf(port, backend));
      const env = { PATH: process.env['PATH'], HOME: workshop.folder };
      const program = workshop.start(
        'proxy',
        ['caddy', 'run', '--adapter', 'caddyfile', '--config', config],
        {
          env,
        },
      );
      return waitForAnswer('caddy', entranceOf(program, port), program);
    },
  };
};
