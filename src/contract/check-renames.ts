import type { Problem } from './issues.ts';
import type { Path } from './tree.ts';

/** An old name that still exists, or that two claim, would make two things out of one. */
export function checkRenames(
  entries: readonly (readonly [string, { readonly renamedFrom?: string | undefined } | null])[],
  path: Path,
  what: 'service' | 'port',
): Problem[] {
  const names = new Set(entries.map(([name]) => name));
  const claimed = new Map<string, string>();
  return entries.flatMap(([name, value]): Problem[] => {
    const old = value?.renamedFrom;
    if (old === undefined) return [];
    const other = claimed.get(old);
    claimed.set(old, other ?? name);
    const at = { path: [...path, name, 'renamedFrom'], at: 'value' } as const;
    if (names.has(old)) {
      return [{ ...at, message: `there still is a ${what} "${old}"`, hint: 'remove renamedFrom' }];
    }
    if (other === undefined) return [];
    return [{ ...at, message: `${other} was renamed from "${old}" too`, hint: 'keep one of the two' }];
  });
}
