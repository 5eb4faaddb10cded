import { readProject, type ComposeProject } from '../../../src/compose/model.ts';

/** A resolved project with these services, as `config --format json` writes them. */
export const projectWith = (
  services: Record<string, object>,
  more: Record<string, unknown> = {},
): ComposeProject => readProject({ name: 'st', services, ...more });

export const port = (target: number, published?: string, more: object = {}): object => ({
  mode: 'ingress',
  target,
  protocol: 'tcp',
  ...(published === undefined ? {} : { published }),
  ...more,
});
