/**
 * Consumers that go on with an old number of a provider. They start again when the provider is ready with its new one,
 * once for each of its processes: what runs is not ended for a provider that may never come.
 */
import { isRunning } from './service.ts';
import type { Unit } from './unit.ts';

export interface Outdated {
  /** Notes that the consumer was told another number of the provider than the one that counts now. */
  note(provider: Unit, consumer: Unit): void;
  /** Starts consumers again whose provider is ready. */
  settle(): void;
  /** The service is not there any more. */
  forget(unit: Unit): void;
}

/** @param tell says something about a service */
export function createOutdated(tell: (unit: Unit, text: string) => void): Outdated {
  /** The last launch of every consumer that may know the old number only, by provider. */
  const noted = new Map<Unit, Map<Unit, number>>();
  /** For which of its processes the consumers of a provider were started again. */
  const restartedFor = new WeakMap<Unit, number>();

  const restart = (provider: Unit, consumers: readonly Unit[]): void => {
    if (restartedFor.get(provider) === provider.generation) {
      const names = consumers.map(({ name }) => name).join(' ');
      tell(provider, `its port has changed again: portramp restart ${names}`);
      return;
    }
    restartedFor.set(provider, provider.generation);
    for (const consumer of consumers) consumer.dispatch({ type: 'restart' });
  };

  return {
    note: (provider, consumer) => {
      const consumers = noted.get(provider) ?? new Map<Unit, number>();
      noted.set(provider, consumers.set(consumer, consumer.generation));
    },
    settle: () => {
      for (const [provider, consumers] of noted) {
        if (provider.state.state !== 'ready' || !provider.isOnItsPorts) continue;
        noted.delete(provider);
        const old = [...consumers].filter(([unit, launch]) => isOutdated(unit, launch));
        if (old.length > 0)
          restart(
            provider,
            old.map(([unit]) => unit),
          );
      }
    },
    forget: (unit) => {
      noted.delete(unit);
      for (const consumers of noted.values()) consumers.delete(unit);
    },
  };
}

/** Whether a process of the launch, or one before, still runs, or has failed. One that somebody stopped stays so. */
const isOutdated = ({ goal, state, instances }: Unit, last: number): boolean =>
  goal === 'up' &&
  (state.state === 'failed' ||
    instances.some(({ life, launch }) => isRunning(life) && launch !== undefined && launch <= last));
