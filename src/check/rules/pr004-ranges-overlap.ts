import type { Contract } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import { isOverlapping, spanText } from '../../contract/ranges.ts';
import type { Rule } from './rule.ts';

export const PR004: Rule = {
  id: 'PR004',
  severity: 'error',
  title: 'ranges of two environments overlap',
  reasoning:
    'Environments have ranges of their own so that they can run at once and nobody mistakes one for ' +
    'the other: a test run must not reach the development database because both know 20010. That ' +
    'only holds while no number is in two ranges. Environments without a range share that of dev.',
  find: ({ contract }) => findOverlaps(contract),
};

function findOverlaps({ ranges }: Contract): Finding[] {
  const all = [...ranges];
  return all.flatMap(([name, range], index) =>
    all
      .slice(0, index)
      .filter(([, before]) => isOverlapping(before, range))
      .map(([other, before]) => ({
        at: ['ranges', name],
        message: `the range ${spanText(range)} of ${name} overlaps ${spanText(before)} of ${other}`,
        hint: `let ${name} begin at ${before.to + 1}, or end before ${before.from}`,
      })),
  );
}
