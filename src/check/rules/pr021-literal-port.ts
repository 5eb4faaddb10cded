import type { Finding } from '../../contract/finding.ts';
import { envWord } from '../../plan/told.ts';
import { claimsOf, type Claim } from '../../plan/rules/statics.ts';
import type { Literal } from '../facts/literals.ts';
import type { Rule, Survey } from './rule.ts';

export const PR021: Rule = {
  id: 'PR021',
  severity: 'note',
  title:
    '`localhost:NNNN` or a literal port in source, scripts, `.env` that the contract governs; grouped by port',
  reasoning:
    'An address that is written down is right in one checkout at most: every other stack has other ' +
    "numbers, and its services would talk to the first one's. Services learn addresses from their " +
    'environment (API_URL, DB_PORT ...) or from references in the contract. Tracked files are ' +
    'searched: code, scripts, env files, Dockerfiles, settings; not prose, not comments, not ' +
    'generated files. Every localhost:NNNN counts; a bare number only where the contract knows it ' +
    '(static, reserved, external on this machine), and in env files and scripts a variable that ' +
    'portramp sets itself.',
  findOnce: (survey) => [...findWritten(survey), ...findUnsearched(survey)],
};

/** Places that one message names. */
const SHOWN = 5;

function findWritten({ scenes, facts }: Survey): Finding[] {
  const claims = new Map(
    scenes.flatMap(({ contract }) => claimsOf(contract)).map((claim) => [claim.number, claim]),
  );
  const reservations = new Map(
    scenes.flatMap(({ contract }) => contract.reservations).map((each) => [each.port, each]),
  );
  const groups = new Map<number, Literal[]>();
  for (const literal of facts.literals)
    groups.set(literal.port, [...(groups.get(literal.port) ?? []), literal]);
  return [...groups].flatMap(([port, literals]): Finding[] => {
    const [first] = literals;
    if (first === undefined) return [];
    const claim = claims.get(port);
    const owner = claim?.who ?? reservations.get(port)?.service;
    const meaning = owner === undefined ? '' : ` (${owner})`;
    return [
      {
        at: first.at,
        message: `port ${port}${meaning} is written in ${describePlaces(literals)}`,
        hint: hintFor(claim),
      },
    ];
  });
}

function describePlaces(literals: readonly Literal[]): string {
  const places = literals.map(({ path, at }) => `${path}:${at.line}`);
  const shown = places.slice(0, SHOWN).join(', ');
  const more = places.length - SHOWN;
  const count = places.length === 1 ? '1 place' : `${places.length} places`;
  return `${count}: ${shown}${more > 0 ? ` and ${more} more` : ''}`;
}

function hintFor(claim: Claim | undefined): string {
  if (claim === undefined) {
    return 'consume the service that listens there, and use what it is told as: API_URL, API_PORT …';
  }
  const word = envWord(claim.service);
  return `consume ${claim.service} and use ${word}_URL or ${word}_PORT, or \${${claim.service}.${claim.port}.port} in the contract`;
}

/** A search that stopped early must not look like one that found nothing. */
const findUnsearched = ({ facts: { unsearched } }: Survey): Finding[] =>
  unsearched === 0
    ? []
    : [
        {
          at: ['services'],
          message: `${unsearched} tracked files were not searched for ports: there are too many`,
          hint: 'split the contract, or write check: { severity: { PR021: off } }',
        },
      ];
