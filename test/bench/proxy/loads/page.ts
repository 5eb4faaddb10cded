/** A page of many modules, as a browser loads it over HTTP/1.1: six connections, one request at a time on each. */
import type { Page } from '../backend.ts';
import { createClient, requestHead, type Address } from './client.ts';

const CONNECTIONS = 6;

/** Milliseconds until the last one is there; each body is compared. */
export async function measurePage(address: Address, modules: readonly Page[]): Promise<number> {
  const requests = modules.map((page) => ({ page, head: requestHead(address, page.path) }));
  const start = performance.now();
  const load = async (): Promise<void> => {
    const client = createClient(address);
    try {
      for (let next = requests.pop(); next !== undefined; next = requests.pop()) {
        const { status, body } = await client.request(next.head);
        if (status !== 200 || !body.equals(next.page.body)) {
          throw new Error(
            `${next.page.path}: status ${status}, ${body.length} of ${next.page.body.length} bytes`,
          );
        }
      }
    } finally {
      client.close();
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, load));
  return performance.now() - start;
}
