/** Numbers that services opened in place of their own: whose they are while the service does not run. */
import type { LedgerLease } from '../ports/ledger.ts';
import type { Sessions } from './sessions.ts';

/** Nothing runs, and nothing is about to. */
const AT_REST: readonly string[] = ['idle', 'failed', 'done'];

/**
 * Tells whether a number is kept for the service that opened it: as long as the service has a process, or may have one.
 * After that the number is remembered, and anybody's.
 */
export const keepsLoans =
  ({ find }: Pick<Sessions, 'find'>) =>
  (lease: LedgerLease): boolean => {
    const session = find(lease);
    if (session === undefined) return false;
    // What has not been published yet may run.
    const known = session.snapshot.services.find(({ name }) => name === lease.service);
    return known === undefined || !AT_REST.includes(known.state);
  };
