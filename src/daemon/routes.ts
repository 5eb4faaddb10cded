import type { FrontStack } from '../front/table.ts';
import { findStack, keyText, type Ledger } from '../ports/ledger.ts';
import type { Sessions } from './sessions.ts';

/** What the front serves: the routes of every stack with a runner. */
export function frontStacks(sessions: Sessions, ledger: Ledger): FrontStack[] {
  return sessions.all().flatMap(({ key, snapshot }) => {
    const stack = findStack(ledger, key);
    if (stack === undefined) return [];
    const label = stack.branch === undefined ? stack.workspace : `${stack.workspace} (${stack.branch})`;
    return [{ slug: stack.slug, key: keyText(key), label, routes: snapshot.routes }];
  });
}
