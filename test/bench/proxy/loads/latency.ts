/** One request after the other. */
import type { Page } from '../backend.ts';
import { median } from '../statistics.ts';
import { createClient, requestHead, type Address } from './client.ts';

/** Milliseconds. */
const DURATION = 300;

/** The median of what a request takes on one kept connection, in microseconds. */
export async function measureLatency(address: Address, page: Page): Promise<number> {
  const head = requestHead(address, page.path);
  const client = createClient(address);
  try {
    const times: number[] = [];
    const end = performance.now() + DURATION;
    for (let start = performance.now(); start < end; start = performance.now()) {
      const { status, body } = await client.request(head);
      times.push((performance.now() - start) * 1_000);
      if (status !== 200 || !body.equals(page.body)) throw new Error(`${page.path}: status ${status}`);
    }
    return median(times);
  } finally {
    client.close();
  }
}
