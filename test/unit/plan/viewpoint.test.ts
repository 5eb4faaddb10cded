import { expect, it } from 'vitest';

import { seenFrom } from '../../../src/plan/viewpoint.ts';
import { resolutionOf } from './stack.ts';

it.each([
  ['localhost:25', 'host.docker.internal'],
  ['127.0.0.1:25', 'host.docker.internal'],
  ['127.0.1.1:25', 'host.docker.internal'],
  ['[::1]:25', 'host.docker.internal'],
  ['mail.example.com:25', 'mail.example.com'],
  ['192.168.1.7:25', '192.168.1.7'],
])('a container finds what is at %s at %s', (target, host) => {
  const mail = resolutionOf(`services:\n  mail: { external: "${target}" }\n`).services.get('mail');
  const [port] = mail?.ports ?? [];
  if (mail === undefined || port === undefined) throw new Error(target);
  expect(seenFrom('container', mail.service, port, undefined)).toMatchObject({ host, port: 25 });
  expect(seenFrom('host', mail.service, port, undefined)).toBe(port);
});
