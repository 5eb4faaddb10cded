import { createHash } from 'node:crypto';

import type { Page } from '../backend.ts';
import { fetchOnce, type Address, type Response } from './client.ts';

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** @throws Error unless the body arrives as the backend has it. */
export async function checkBody(address: Address, { path, body }: Page): Promise<Response> {
  const response = await fetchOnce(address, path);
  if (response.status !== 200 || hashOf(response.body) !== hashOf(body)) {
    throw new Error(`${path}: status ${response.status}, ${response.body.length} of ${body.length} bytes`);
  }
  return response;
}
