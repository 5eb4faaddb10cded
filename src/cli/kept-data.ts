/** Data without a name that a stack has left, for `down`. */
import { locateHome } from '../lib/home.ts';
import { describeNameless, readNameless } from '../stack/compose/nameless.ts';
import { composeFolder, listOverrides } from '../stack/compose/store.ts';

/** Says which it is, and how that is removed. @param slug Of the stack. */
export async function tellKeptData(slug: string, say: (text: string) => void): Promise<void> {
  const home = locateHome();
  const overrides = (await listOverrides(home)).filter(({ title }) => title === slug);
  for (const project of new Set(overrides.map((each) => each.project))) {
    const kept = await readNameless(composeFolder(home), project);
    if (kept.length > 0) say(`${describeNameless(kept)}; "portramp down ${slug} --volumes" removes it`);
  }
}
