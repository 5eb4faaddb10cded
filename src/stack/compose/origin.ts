/** Which checkout an override was made for, as the override itself says it. Pure. */
import { z } from 'zod';

import type { ComposeStack } from './prepare.ts';

const git = z.object({ top: z.string(), common: z.string(), own: z.string() });
const origin = z.object({
  root: z.string(),
  workspaceId: z.string(),
  git: git.optional(),
  /** Names in the engine of what is the main checkout's, whoever made it first. */
  borrowed: z.array(z.string()),
});

export type Origin = Readonly<z.output<typeof origin>>;

export const originOf = ({ stack, checkout, borrowed }: OriginFacts): Origin => ({
  root: stack.root,
  workspaceId: stack.workspaceId,
  ...(checkout.git === undefined ? {} : { git: checkout.git }),
  borrowed: [...borrowed],
});

type OriginFacts = Pick<ComposeStack, 'checkout' | 'borrowed'> & {
  readonly stack: Pick<ComposeStack['stack'], 'root' | 'workspaceId'>;
};

const WORDS = '# Its checkout: ';

/** Writes the origin as one line, a comment of YAML: JSON has no line breaks of its own. */
export const originLine = (from: Origin): string => `${WORDS}${JSON.stringify(from)}\n`;

/** Finds the line in the text of an override; undefined in one of an older version, and where it is damaged. */
export function readOrigin(text: string): Origin | undefined {
  const line = text.split('\n').find((each) => each.startsWith(WORDS));
  if (line === undefined) return undefined;
  try {
    return origin.parse(JSON.parse(line.slice(WORDS.length)));
  } catch {
    return undefined;
  }
}
