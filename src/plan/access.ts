/** Who may be told where a service is. */
import type { Access, Service } from '../contract/contract.ts';

/** Undefined: the default. A task has no address, so it has no list. */
export const accessOf = (service: Service): Access | undefined =>
  service.kind === 'task' ? undefined : service.access;

/** Why the consumer may not be told the port (absent: the first one); undefined where it may. */
export function denyAccess(
  provider: Service,
  consumer: string,
  port?: string,
): { readonly message: string; readonly hint: string } | undefined {
  const { name } = provider;
  if (name === consumer) return undefined;
  const from = accessOf(provider)?.from;
  if (from !== undefined && !from.includes(consumer)) {
    const list = from.length === 0 ? 'nobody' : from.join(', ');
    return {
      message: `${consumer} may not consume ${name}, which lets in ${list}`,
      hint: `add ${consumer} to access.from of ${name}, or do not use ${name} here`,
    };
  }
  if (port === undefined || isTold(provider, port)) return undefined;
  return {
    message: `${consumer} may not consume ${name}.${port}, which is private`,
    hint: `remove visibility: private from the port ${port} of ${name}, or do not use it here`,
  };
}

/** Whether others than the service itself may know the port. */
const isTold = (provider: Service, name: string): boolean =>
  provider.ports.find((port) => port.name === name)?.visibility !== 'private';
