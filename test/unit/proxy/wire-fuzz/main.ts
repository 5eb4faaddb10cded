/**
 * The long differential run against Node's parser:
 *
 *     npm run fuzz [-- CASES [SEED]]
 */
import { randomInt } from 'node:crypto';

import { emptySummary, fuzz } from './compare.ts';

const cases = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? randomInt(2 ** 32));
const BATCH = 50_000;

const { node, llhttp } = process.versions;
console.log(`Node ${node} (llhttp ${llhttp}), ${cases} cases, seed ${seed}`);
const start = performance.now();
const summary = emptySummary();
for (let from = 0; from < cases && summary.differences.length === 0; from += BATCH) {
  fuzz(seed, from, Math.min(BATCH, cases - from), summary);
}
const seconds = (performance.now() - start) / 1_000;
console.log(
  `${summary.cases} cases in ${seconds.toFixed(0)} s: ${summary.accepted} messages read alike, ` +
    `${summary.acceptedAlone} taken by wire alone and written anew, ${summary.refusedByBoth} streams refused by both`,
);
console.log('refused by wire alone:');
const refusals = [...summary.extraRefusals].sort(([, one], [, other]) => other.count - one.count);
for (const [reason, { count, example }] of refusals)
  console.log(`${String(count).padStart(8)}  ${reason}\n          ${example}`);
for (const difference of summary.differences) console.log(`DIFFERENCE ${difference}`);
if (summary.differences.length > 0) process.exitCode = 1;
