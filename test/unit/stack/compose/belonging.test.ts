/** Of whom a project in the engine is, and when all of them are proven gone. */
import { describe, expect, it } from 'vitest';

import type { CheckoutPlace, Whereabouts } from '../../../../src/lib/whereabouts.ts';
import { madeProjects, type Records } from '../../../../src/stack/compose/belonging.ts';
import { createInquiry } from '../../../../src/stack/compose/inquiry.ts';
import { originLine, readOrigin, type Origin } from '../../../../src/stack/compose/origin.ts';
import { sharedProjectName } from '../../../../src/stack/compose/naming.ts';
import type { StoredOverride } from '../../../../src/stack/compose/store.ts';

const FOLDER = '/state/compose';
const ID = '0bdae3ff';

/** A checkout below /w: the main one, or a linked worktree of it. */
const origin = (name: string, more: Partial<Origin> = {}): Origin => ({
  root: `/w/${name}`,
  workspaceId: ID,
  git: {
    top: `/w/${name}`,
    common: '/w/shop/.git',
    own: name === 'shop' ? '/w/shop/.git' : `/w/shop/.git/worktrees/${name}`,
  },
  borrowed: [],
  ...more,
});
const override = (title: string, from: Origin | undefined, project = title): StoredOverride => ({
  path: `${FOLDER}/${title}.${from?.root.length ?? 0}.yaml`,
  title,
  project,
  origin: from,
});
type Stack = Records['stacks'][number];
const stack = (name: string, more: Partial<Stack> = {}): Stack => ({
  root: `/w/${name}`,
  environment: 'dev',
  slug: name,
  workspace: 'shop',
  workspaceId: ID,
  main: name === 'shop',
  ...more,
});
const SHARED = sharedProjectName(stack('shop'));
const shared = (name: string): StoredOverride => override(SHARED, origin(name));

/** What is there of the world: folders, worktrees that moved, and what cannot be looked at. */
interface World {
  readonly here?: readonly string[];
  readonly moved?: Readonly<Record<string, string>>;
  readonly unclear?: readonly string[];
}

const lookAt =
  ({ here = [], moved = {}, unclear = [] }: World) =>
  async ({ root, git }: CheckoutPlace): Promise<Whereabouts> => {
    const top = typeof git === 'object' ? git.top : root;
    const to = moved[root];
    if (unclear.includes(root)) return { kind: 'unclear', why: `${root} cannot be looked at (EACCES)` };
    if (here.includes(root) || here.includes(top)) return { kind: 'here' };
    if (git === 'unrecorded') return { kind: 'unclear', why: `whether ${root} …` };
    return to === undefined || git === undefined ? { kind: 'gone' } : { kind: 'moved', to };
  };

type Situation = World &
  Partial<Omit<Records, 'folder'>> & { readonly folder?: string; readonly files?: readonly string[] };

const verdictOf = (project: string, situation: Situation) => {
  const { overrides = [], stacks = [], runs = [], folder, files = [] } = situation;
  const records: Records = { folder: FOLDER, overrides, stacks, runs };
  const made = folder === undefined ? [] : [{ folder, files }];
  return createInquiry(records, lookAt(situation)).ofProject(project, made);
};

const MADE = `${FOLDER}/shop-a.8.yaml`;
const a = override('shop-a', origin('a'));

const TABLE: readonly (readonly [what: string, project: string, is: string, situation: Situation])[] = [
  ['its worktree is gone', 'shop-a', 'gone', { overrides: [a] }],
  ['it is there', 'shop-a', 'used', { overrides: [a], here: ['/w/a'] }],
  ['it is there, and in no ledger', 'shop-a', 'used', { overrides: [a], here: ['/w/a'], stacks: [] }],
  [
    'it is there, and the folder of its Compose file is not',
    'shop-a',
    'used',
    { overrides: [a], here: ['/w/a'], folder: '/w/a/infra', files: [MADE] },
  ],
  [
    'it is there, and the folder of its contract is not',
    'shop-a',
    'used',
    { overrides: [override('shop-a', origin('a', { root: '/w/a/app' }))], here: ['/w/a'] },
  ],
  ['it moved', 'shop-a', 'moved', { overrides: [a], moved: { '/w/a': '/w/b' }, stacks: [stack('a')] }],
  ['it cannot be looked at', 'shop-a', 'unclear', { overrides: [a], unclear: ['/w/a'] }],
  [
    'it is gone, and its runner is not',
    'shop-a',
    'used',
    { overrides: [a], stacks: [stack('a', { slug: 'shop-a', pid: 7 })] },
  ],
  [
    'it is gone, and a runner no daemon knows is not',
    'shop-a',
    'used',
    { overrides: [a], runs: [{ root: '/w/a' }] },
  ],
  [
    'it is gone, and its containers were made in a folder that is there',
    'shop-a',
    'used',
    { overrides: [a], folder: '/other/shop', here: ['/other/shop'] },
  ],
  [
    'it is gone, and so is the folder of its Compose file',
    'shop-a',
    'gone',
    { overrides: [a], folder: '/w/a/infra', files: [MADE] },
  ],
  [
    'it is gone, and some containers are of a folder of which nothing is known',
    'shop-a',
    'unclear',
    { overrides: [a], folder: '/other/shop' },
  ],
  [
    'two checkouts had the name, and one is there',
    'same',
    'used',
    {
      overrides: [override('x', origin('x'), 'same'), override('y', origin('y'), 'same')],
      here: ['/w/y'],
    },
  ],
  ['no checkout was written down', 'shop-a', 'unclear', { overrides: [override('shop-a', undefined)] }],
  [
    'none was written down, and the ledger knows one that is there',
    'shop-a',
    'used',
    {
      overrides: [override('shop-a', undefined)],
      stacks: [stack('a', { slug: 'shop-a' })],
      here: ['/w/a'],
    },
  ],
  [
    'none was written down, and the ledger knows a main checkout that is gone',
    'shop',
    'gone',
    { overrides: [override('shop', undefined)], stacks: [stack('shop')] },
  ],
  [
    'none was written down, and the ledger knows a worktree that is not there: it may have moved',
    'shop-a',
    'unclear',
    { overrides: [override('shop-a', undefined)], stacks: [stack('a', { slug: 'shop-a' })] },
  ],
  ['all is lost but the labels', 'shop-a', 'unclear', { folder: '/w/a', files: [MADE] }],
  [
    'all is lost but labels of a folder that is there',
    'shop',
    'used',
    { folder: '/w/shop', here: ['/w/shop'] },
  ],
  [
    'it is shared, and the worktree that made it is gone, but the main checkout is there',
    SHARED,
    'used',
    {
      overrides: [shared('c'), shared('shop')],
      here: ['/w/shop'],
      folder: '/w/c',
      files: [shared('c').path],
    },
  ],
  [
    'it is shared, and the main checkout is known from the ledger alone',
    SHARED,
    'used',
    { overrides: [shared('c')], stacks: [stack('shop')], here: ['/w/shop'] },
  ],
  [
    'it is shared, and the repository is there',
    SHARED,
    'used',
    { overrides: [shared('c')], here: ['/w/shop/.git'] },
  ],
  [
    'it is shared, and a checkout that never used it is there',
    SHARED,
    'used',
    { overrides: [shared('c'), a], here: ['/w/a'] },
  ],
  ['it is shared, and no checkout is left', SHARED, 'gone', { overrides: [shared('c'), shared('shop')] }],
  [
    'it is shared, and one that used it moved',
    SHARED,
    'moved',
    { overrides: [shared('c'), shared('shop')], moved: { '/w/c': '/w/d' } },
  ],
];

describe('a project in the engine', () => {
  it.each(TABLE)('%s', async (_what, project, is, situation) => {
    expect((await verdictOf(project, situation)).kind).toBe(is);
  });

  it('is one of which portramp wrote something down, or in which it had a hand', () => {
    const records: Records = { folder: FOLDER, overrides: [a], stacks: [], runs: [] };
    const labelled = [
      { project: 'lost', made: [{ folder: '/x', files: ['/x/compose.yaml', `${FOLDER}/lost.1.yaml`] }] },
      { project: 'foreign', made: [{ folder: '/x', files: ['/x/compose.yaml'] }] },
    ];
    expect(madeProjects(labelled, records)).toEqual(['lost', 'shop-a']);
  });

  it('has volumes that others use too, whoever made them first', async () => {
    const borrowing = override('shop-a', origin('a', { borrowed: ['shop_data'] }));
    const records: Records = { folder: FOLDER, overrides: [borrowing], stacks: [], runs: [] };
    const asked = ['shop_data', 'shop-a_own'];
    const others = createInquiry(records, lookAt({ here: ['/w/shop/.git'] }));
    expect([...(await others.borrowedOf(asked))]).toEqual(['shop_data']);
    expect([...(await createInquiry(records, lookAt({})).borrowedOf(asked))]).toEqual([]);
  });
});

describe('the line that says of which checkout an override is', () => {
  it('is read as it was written, and not at all where it is damaged', () => {
    const odd = origin('line\nbreak # "x"', { borrowed: ['shop_data'] });
    expect(readOrigin(`${originLine(odd)}services: {}\n`)).toEqual(odd);
    expect(readOrigin('services: {}\n')).toBeUndefined();
    expect(readOrigin('# Its checkout: {"root":\n')).toBeUndefined();
    expect(readOrigin('# Its checkout: {"root":7}\n')).toBeUndefined();
  });
});
