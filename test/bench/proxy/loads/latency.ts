/** One request after the other. */
import type { Page } from '../backend.ts';
import { median } from '../statistics.ts';
import { openConnection, requestHead, type Address } from './connection.ts';

/** Milliseconds. */
const DURATION = 300;

/** The median of what a request takes on one kept connection, in microseconds. */
export async function measureLatency(address: Address, page: Page): Promise<number> {
  const head = requestHead(address, page.path);
  const connection = await openConnection(address);
  try {
    const times: number[] = [];
    const end = performance.now() + DURATION;
    for (let start = performance.now(); start < end; start = performance.now()) {
      const { status, body } = await connection.request(head);
      times.push((performance.now() - start) * 1_000);
      if (status !== 200 || !body.equals(page.body)) throw new Error(`${page.path}: status ${status}`);
    }
    return median(times);
  } finally {
    connection.close();
  }
}
