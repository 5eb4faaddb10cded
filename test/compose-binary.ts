/** The real Docker Compose that tests run against: PORTRAMP_TEST_COMPOSE, else the one in PATH. */
import { messageOf } from '../src/lib/errors.ts';
import { findCompose, type ComposeBinary } from '../src/runtime/compose/binary.ts';

/** Undefined where there is none; then the reason has been printed. */
export async function findTestCompose(): Promise<ComposeBinary | undefined> {
  const { PORTRAMP_TEST_COMPOSE: chosen, PORTRAMP_COMPOSE: own } = process.env;
  try {
    return await findCompose({ ...process.env, PORTRAMP_COMPOSE: chosen ?? own });
  } catch (error) {
    console.log(`skipped: ${messageOf(error)}`);
    return undefined;
  }
}
