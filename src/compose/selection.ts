/** Which services a command of Compose is about. Pure. */
import type { ComposeProject } from './model.ts';

/**
 * The services that `up` starts: those named and what they depend on, else every one whose profiles are on. A named
 * service turns its own profile on.
 */
export function selectStarted(
  project: ComposeProject,
  named: readonly string[],
  profiles: readonly string[],
): Set<string> {
  const isOn = (name: string): boolean => {
    const own = project.services.get(name)?.profiles ?? [];
    return own.length === 0 || profiles.includes('*') || own.some((profile) => profiles.includes(profile));
  };
  const first = named.length > 0 ? named : [...project.services.keys()].filter(isOn);
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
