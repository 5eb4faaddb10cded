/** Which services a command of Compose is about. Pure. */
import type { ComposeProject, ComposeService } from './model.ts';

/**
 * The services that `up` starts: those named and what they depend on, else every one whose profiles are on. A named
 * service turns its own profile on.
 */
export function selectStarted(
  project: ComposeProject,
  named: readonly string[],
  profiles: readonly string[],
): Set<string> {
  const first =
    named.length > 0
      ? named
      : [...project.services.values()]
          .filter((service) => hasProfile(service, profiles))
          .map(({ name }) => name);
  const selected = new Set<string>();
  const add = (name: string): void => {
    const service = project.services.get(name);
    if (service === undefined || selected.has(name)) return;
    selected.add(name);
    for (const dependency of service.dependsOn.keys()) add(dependency);
  };
  for (const name of first) add(name);
  return selected;
}

/**
 * Finds the services that Compose runs once more whenever it starts this one: those whose end somebody waits for
 * (`service_completed_successfully`) among what the service depends on.
 */
export function findJobs(project: ComposeProject, service: string): string[] {
  const started = selectStarted(project, [service], []);
  const awaited = [...started].flatMap((name) =>
    [...(project.services.get(name)?.dependsOn ?? [])].flatMap(([needed, { condition }]) =>
      condition === 'service_completed_successfully' ? [needed] : [],
    ),
  );
  return [...new Set(awaited)].filter((name) => name !== service && project.services.has(name));
}

/** Whether one of the service's profiles is on; a service without any always is. */
export const hasProfile = ({ profiles: own }: ComposeService, profiles: readonly string[]): boolean =>
  own.length === 0 || profiles.includes('*') || own.some((profile) => profiles.includes(profile));

export interface SwitchedOff {
  readonly service: string;
  /** What the service needs. */
  readonly needs: string;
  /** The profiles of that, none of which is on. */
  readonly profiles: readonly string[];
  /** Whether the service starts after what it needs, or is built from that. */
  readonly by: 'depends_on' | 'build';
}

/**
 * The services that are on and need one that is off. Compose refuses such a project, whatever is started of it:
 * `service "web" depends on undefined service "db"`.
 */
export function findSwitchedOff(project: ComposeProject, profiles: readonly string[]): SwitchedOff[] {
  return [...project.services.values()]
    .filter((service) => hasProfile(service, profiles))
    .flatMap((service) =>
      needsOf(service).flatMap(({ needs, by }): SwitchedOff[] => {
        const needed = project.services.get(needs);
        if (needed === undefined || hasProfile(needed, profiles)) return [];
        return [{ service: service.name, needs, profiles: needed.profiles, by }];
      }),
    );
}

const needsOf = ({ dependsOn, builtFrom }: ComposeService): Pick<SwitchedOff, 'needs' | 'by'>[] => [
  ...[...dependsOn].flatMap(([needs, { required }]) =>
    required ? [{ needs, by: 'depends_on' as const }] : [],
  ),
  ...builtFrom.map((needs) => ({ needs, by: 'build' as const })),
];
