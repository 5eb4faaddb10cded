/** The numbers that a project's publications have in one stack. */
import type { OverrideInputs } from '../../compose/override.ts';
import type { Publication } from '../../compose/publications.ts';
import { PortrampError } from '../../lib/errors.ts';
import type { DaemonClient } from '../../protocol/client.ts';
import type { DaemonParams, Lease, PortRef, StackKey } from '../../protocol/messages.ts';

/** @param options `staticOf`: the number that the contract pins; `rules`: what it says about numbers. */
export async function leaseNumbers(
  client: Pick<DaemonClient, 'request'>,
  { root, environment }: StackKey,
  publications: readonly Publication[],
  options: {
    readonly staticOf?: (publication: Publication) => number | undefined;
    readonly rules?: DaemonParams<'lease'>['rules'];
    readonly scope?: DaemonParams<'lease'>['scope'];
  } = {},
): Promise<OverrideInputs['numberOf']> {
  if (publications.length === 0) return noLease;
  const ports = publications
    .filter(({ name, lease }) => name === lease)
    .map((publication) => ({
      ...leaseOf(publication),
      span: publication.span,
      kept: true,
      static: options.staticOf?.(publication),
    }));
  const { leases } = await client.request('lease', {
    stack: { root, environment },
    ports,
    rules: options.rules,
    scope: options.scope,
  });
  const numbers = new Map(leases.map((lease) => [keyOf(lease), lease.number]));
  return (publication) => {
    const number = numbers.get(keyOf(leaseOf(publication)));
    return number ?? noLease(publication);
  };
}

function noLease({ service, name }: Publication): never {
  throw new PortrampError('INTERNAL', `${name} of ${service} has no lease`);
}

/** A `/` in the name keeps it apart from every port that a contract can name. */
export const leaseOf = ({ service, lease }: Publication): PortRef => ({ service, port: lease });

const keyOf = ({ service, port }: Pick<Lease, 'service' | 'port'>): string => `${service}\0${port}`;
