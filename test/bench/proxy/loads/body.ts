import { createHash } from 'node:crypto';

import type { Page } from '../backend.ts';
import { createClient, fetchOnce, requestHead, type Address, type Response } from './client.ts';

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** @throws Error unless the body arrives as the backend has it. */
export async function checkBody(address: Address, page: Page): Promise<Response> {
  const response = await fetchOnce(address, page.path);
  check(page, response);
  return response;
}

/** @throws Error unless all of them do, one after the other on one connection. */
export async function checkBodies(address: Address, pages: readonly Page[]): Promise<void> {
  const client = createClient(address);
  try {
    for (const page of pages) check(page, await client.request(requestHead(address, page.path)));
  } finally {
    client.close();
  }
}

function check({ path, body }: Page, response: Response): void {
  if (response.status === 200 && hashOf(response.body) === hashOf(body)) return;
  throw new Error(`${path}: status ${response.status}, ${response.body.length} of ${body.length} bytes`);
}
