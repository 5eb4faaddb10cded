/** What engines answer by themselves. */
import { jsonReply } from '../replies.ts';
import type { Reply } from './engine.ts';

/** Answers a request that two parsers could read differently, before anything is forwarded. */
export function refusal(message: string): Reply {
  const reply = jsonReply('BAD_REQUEST', { message });
  return { ...reply, headers: { ...reply.headers, connection: 'close' } };
}

/** The answer where a handler fails, or asks for what cannot be done. */
export const INTERNAL_ERROR: Reply = jsonReply('INTERNAL', {
  message: 'this request met a bug in portramp',
});
