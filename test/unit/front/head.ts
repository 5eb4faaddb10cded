import type { RequestHead } from '../../../src/proxy/engine/engine.ts';
import { fieldsOf } from '../../../src/proxy/engine/fields.ts';

export type Headers = Parameters<typeof fieldsOf>[0];

export const headOf = (
  host: string,
  headers: Headers = {},
  more: Partial<RequestHead> = {},
): RequestHead => ({
  method: 'GET',
  path: '/',
  host,
  ...fieldsOf({ host, ...headers }),
  upgrade: false,
  remoteAddress: '127.0.0.1',
  ...more,
});

export const NAVIGATION = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
};
