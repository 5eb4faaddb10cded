import type { Contract } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import { claimsOf } from '../../plan/rules/statics.ts';
import type { ComposeFile, ComposePort, ComposeService } from '../facts/compose-file.ts';
import { processesOf, type Survey } from '../rules/rule.ts';

/** Ports that Compose publishes for a service of the contract, or where the contract has somebody else. */
export const findInCompose = ({ scenes, facts }: Survey): Finding[] =>
  facts.compose.flatMap((file) =>
    file.services.flatMap((service) => {
      const found = scenes.flatMap(({ contract }) => [
        ...findTaken(contract, file, service),
        ...findDifferent(contract, service),
      ]);
      return firstOfEach(found);
    }),
  );

/** Environments that have the same to say about a place say it once. */
function firstOfEach(findings: readonly Finding[]): Finding[] {
  const seen = new Map(findings.toReversed().map((finding) => [JSON.stringify(finding.at), finding]));
  return [...seen.values()].toReversed();
}

/** A published number that the contract keeps for somebody else. */
function findTaken(contract: Contract, { file }: ComposeFile, service: ComposeService): Finding[] {
  const keepers = new Map<number, { readonly who: string; readonly service?: string | undefined }>([
    ...claimsOf(contract).map((claim) => [claim.number, claim] as const),
    ...contract.reservations.map(
      ({ port, service: keeper, owner }) =>
        [port, { who: keeper ?? owner ?? 'somebody outside', service: keeper }] as const,
    ),
  ]);
  return service.ports.flatMap(({ published, at }): Finding[] => {
    const keeper = published === undefined ? undefined : keepers.get(published);
    // An external service on this machine may well be the very container.
    if (keeper === undefined || keeper.service === service.name || isExternal(contract, keeper.service))
      return [];
    const message = `Compose publishes ${published} for ${service.name}, and the contract keeps it for ${keeper.who}`;
    return [{ at, message, hint: `publish another number in ${baseName(file)}, or give ${keeper.who} one` }];
  });
}

/** A service that both have: the numbers that people remember should be the same. */
function findDifferent(contract: Contract, service: ComposeService): Finding[] {
  const own = processesOf(contract).find((each) => each.name === service.name);
  const [first] = service.ports;
  if (own === undefined || first === undefined) return [];
  if (own.ports.length === 0) {
    const message = `Compose says that ${own.name} listens on ${first.target}, and the contract says ports: false`;
    return [{ at: first.at, message, hint: `remove ports: false from ${own.name}, or the ports here` }];
  }
  const pinned = own.ports.flatMap((port) => port.static ?? []);
  const published = service.ports.filter(isPublished);
  if (pinned.length === 0 || published.length === 0) return [];
  return published
    .filter((port) => !pinned.includes(port.published))
    .map(({ published: number, at }) => ({
      at,
      message: `Compose publishes ${own.name} on ${number}, and the contract pins it to ${pinned.join(', ')}`,
      hint: 'use one number in both',
    }));
}

const isPublished = (port: ComposePort): port is ComposePort & { readonly published: number } =>
  port.published !== undefined;

const isExternal = (contract: Contract, name: string | undefined): boolean =>
  name !== undefined && contract.services.get(name)?.kind === 'external';

const baseName = (file: string): string => file.replace(/^.*[\\/]/, '');
