import type { PreparedStack } from '../stack/prepare.ts';
import type { ResolvedService } from '../plan/plan.ts';
import { calledOf } from '../contract/called.ts';
import { ContractError } from '../contract/contract-error.ts';
import { locateHome } from '../lib/home.ts';
import type { PublishedPort, StackKey } from '../protocol/messages.ts';
import { findRunningStack, unknownService, withDaemon, withStartedDaemon } from './daemon-access.ts';

/** One service of the stack with everything filled in, whether the stack is running or not. */
export async function findService(
  key: StackKey,
  name: string,
): Promise<{ service: ResolvedService; prepared: PreparedStack }> {
  const { prepareStack } = await import('../stack/prepare.ts');
  return withStartedDaemon(async (client) => {
    const prepared = await prepareStack({ key, home: locateHome(), client, ambient: process.env });
    const service = prepared.services.get(name);
    if (service === undefined) {
      const services = [...prepared.services.values()].map((each) => calledOf(each.service));
      throw unknownService(name, services);
    }
    return { service, prepared };
  });
}

/** Where a port of a service is reached. */
export interface Address {
  readonly port: string;
  readonly primary: boolean;
  /** The one to dial. */
  readonly url: string;
  /** The one for browsers, of an http port. */
  readonly publicUrl?: string | undefined;
  readonly hosts: readonly string[];
  /** What the contract says that the service's URL is (`url:`), on its primary port. */
  readonly declared?: string | undefined;
}

/** The addresses of a service; of a running stack also while its contract is broken or gone. */
export async function findAddresses(key: StackKey, name: string): Promise<Address[]> {
  try {
    const { service } = await findService(key, name);
    const declared = service.service.url === undefined ? undefined : service.env['PORTRAMP_URL'];
    return service.ports.map(({ name: port, primary, url, publicUrl, hosts }) => ({
      port,
      primary,
      url,
      publicUrl,
      hosts,
      ...(primary && declared !== undefined ? { declared } : {}),
    }));
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    const stack = await withDaemon(async (client) => client && findRunningStack(client, key));
    if (stack === undefined) throw error;
    const service = stack.services.find((one) => one.name === name);
    if (service === undefined) throw unknownService(name, stack.services);
    return service.ports.map(addressOf);
  }
}

function addressOf({ name, appProtocol, port, url, hosts }: PublishedPort): Address {
  const direct = `${appProtocol}://127.0.0.1:${port}`;
  const address = { port: name, primary: false, hosts };
  return hosts.length > 0 ? { ...address, url: direct, publicUrl: url } : { ...address, url: url ?? direct };
}
