import type { RequestHead } from '../../../src/proxy/engine/engine.ts';

export const headOf = (
  host: string,
  headers: RequestHead['headers'] = {},
  more: Partial<RequestHead> = {},
): RequestHead => ({
  method: 'GET',
  path: '/',
  host,
  headers: { host, ...headers },
  upgrade: false,
  remoteAddress: '127.0.0.1',
  ...more,
});

export const NAVIGATION = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
};
