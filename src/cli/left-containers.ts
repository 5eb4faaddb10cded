/** Containers that a runner left running when it was stopped. Loads YAML and the schema. */
import { loadContract } from '../contract/load.ts';
import { PortrampError } from '../lib/errors.ts';
import { locateHome } from '../lib/home.ts';
import type { StackKey } from '../protocol/messages.ts';
import { listContainers } from '../runtime/compose/containers.ts';
import { explainFailure } from '../runtime/compose/failure.ts';
import { runCompose } from '../runtime/compose/resolve.ts';
import { storeOverride } from '../stack/compose/store.ts';
import { prepareStack } from '../stack/prepare.ts';
import { openDaemon } from './daemon-access.ts';

/** Milliseconds. */
const DOWN_TIMEOUT = 120_000;

/**
 * Removes the containers of the stack, if its contract has any. Undefined when there was nothing to remove.
 * @throws PortrampError ENGINE_UNREACHABLE, COMPOSE_INVALID …
 */
export async function removeContainers(key: StackKey): Promise<{ readonly slug: string } | undefined> {
  const { contract } = await loadContract(key.root, { environment: key.environment, personal: true });
  if (contract?.compose === undefined) return undefined;
  const client = await openDaemon();
  try {
    const { compose, stack } = await prepareStack({ key, client, ambient: process.env });
    if (compose?.binary === undefined) return undefined;
    const files = [...compose.files, await storeOverride(locateHome(), compose)];
    const call = { ...compose.call, binary: compose.binary, files, profiles: ['*'] };
    if ((await listContainers(call)).length === 0) return undefined;
    const { code, stderr } = await runCompose(call, ['down'], { timeout: DOWN_TIMEOUT });
    if (code === 0) return stack;
    const { message, hint } = explainFailure(stderr, code);
    throw new PortrampError('ENGINE_UNREACHABLE', message, { hint });
  } finally {
    client.close();
  }
}
