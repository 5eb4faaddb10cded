import type { Reply } from './engine.ts';

/** On every answer that is portramp's own, so that a client can tell it from a service's. */
export const MARKER = 'x-portramp';

/** The answer to a request that two parsers could read differently, before anything is forwarded. */
export function refusal(message: string): Reply {
  return {
    status: 400,
    headers: { 'content-type': 'application/json', connection: 'close', [MARKER]: 'bad-request' },
    body: `${JSON.stringify({ error: 'BAD_REQUEST', message })}\n`,
  };
}
