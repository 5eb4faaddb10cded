/** A running stack whose Compose project would be called otherwise: its containers, networks and volumes are in the old one. */
import { PortrampError } from '../../lib/errors.ts';
import type { PreparedStack } from '../prepare.ts';
import type { ComposeStack } from './prepare.ts';

/** The part of a stack that is read here. */
type Composed = Pick<PreparedStack, 'compose'>;

/**
 * Proves that what was started last can still be found: Compose knows it by the name of its project, and would make all
 * of it once more beside what runs.
 * @throws PortrampError COMPOSE_INVALID
 */
export function demandSameProjects(last: Composed, next: Composed): void {
  demandSame(last.compose, next.compose);
  demandSame(last.compose?.shared, next.compose?.shared);
}

function demandSame(last: ComposeStack | undefined, next: ComposeStack | undefined): void {
  const [before, after] = [last?.project.name, next?.project.name];
  if (before === undefined || after === undefined || before === after) return;
  throw new PortrampError(
    'COMPOSE_INVALID',
    `the Compose project would be called "${after}" now, and its containers are in "${before}": type "portramp down", then "portramp dev"`,
  );
}
