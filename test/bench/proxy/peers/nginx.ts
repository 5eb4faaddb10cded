import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { askVersion, findFreePort } from '../workshop.ts';
import { entranceOf, waitForAnswer, type FindPeer } from './peer.ts';

/**
 * Writes a configuration with one worker that keeps to its folder, and returns its path.
 * @param http what stands in the `http` block
 */
export function nginxConfig(folder: string, http: string): string {
  mkdirSync(folder, { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  // A worker of another user could not look into the folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const path = join(folder, 'nginx.conf');
  writeFileSync(
    path,
    `${user} daemon off; worker_processes 1; pid ${join(folder, 'pid')}; error_log stderr warn;
events { worker_connections 10000; }
http { ${temporary.join(' ')} access_log off; default_type application/octet-stream; keepalive_requests 1000000000; keepalive_timeout 1h;
${http} }
`,
  );
  return path;
}

export const findNginx: FindPeer = async () => {
  const version = /nginx\/(\S+)/.exec((await askVersion('nginx', '-v')) ?? '')?.[1];
  if (version === undefined) return { name: 'nginx', absent: 'apt-get install nginx-light' };
  return {
    name: 'nginx',
    runtime: `nginx ${version}`,
    start: async (workshop, backend) => {
      const port = await findFreePort();
      const config = nginxConfig(
        join(workshop.folder, `nginx-${port}`),
        `
map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
upstream backend { server 127.0.0.1:${backend}; keepalive 64; keepalive_requests 1000000000; }
server {
  listen 127.0.0.1:${port} backlog=4096;
  location / {
    proxy_pass http://backend;
    proxy_http_version 1.1;
    proxy_max_temp_file_size 0;
    proxy_read_timeout 1h;
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $http_host;
  }
}`,
      );
      const program = workshop.start('proxy', ['nginx', '-c', config]);
      return waitForAnswer('nginx', entranceOf(program, port), program);
    },
  };
};
