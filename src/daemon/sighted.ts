/** Tells runners what listens of their instances, whenever that is another thing than they were told last. */
import type { Sighting } from '../ports/findings.ts';
import type { Session } from './sessions.ts';

export interface SightingTeller {
  /** @param sessions of the instances that were looked at, by marker */
  tell(sightings: readonly Sighting[], sessions: ReadonlyMap<string, Session>): void;
}

export function createSightingTeller(
  onSightings: (session: Session, sightings: readonly Sighting[]) => void,
): SightingTeller {
  /** The sightings that each session was told, by marker. A session that is gone is forgotten with all that. */
  const told = new WeakMap<Session, ReadonlyMap<string, string>>();
  return {
    tell: (sightings, sessions) => {
      for (const session of new Set(sessions.values())) {
        const before = told.get(session);
        const own = sightings.filter(({ marker }) => sessions.get(marker) === session);
        const texts = new Map(own.map((sighting) => [sighting.marker, textOf(sighting)]));
        told.set(session, texts);
        const news = own.filter(({ marker }) => before?.get(marker) !== texts.get(marker));
        if (news.length > 0) onSightings(session, news);
      }
    },
  };
}

const textOf = ({ listening, opened, away = [] }: Sighting): string =>
  [
    listening.join(' '),
    away.map(({ port, address }) => `${port} ${address}`).join(' '),
    ...opened.map(({ number, address, lease, shared }) => [number, address, lease, shared].join(' ')),
  ].join('\n');
