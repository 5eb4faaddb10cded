/** The program whose engine is meant: Podman's has a socket of its own. */
export const engineProgram = (): string =>
  (process.env['PORTRAMP_COMPOSE'] ?? '').split(/\s+/).find((word) => word === 'podman') ?? 'docker';
