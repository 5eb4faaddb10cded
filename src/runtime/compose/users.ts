/**
 * Which stacks use the containers that all branches share. On disk, because containers outlive every runner; one stack
 * at a time may start or stop any of them.
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

import { z } from 'zod';

import { writeFileAtomic } from '../../lib/atomic-write.ts';
import { isFolderGone } from '../../lib/gone-folder.ts';
import { acquireLock } from '../../lib/lock.ts';
import { describeEntryError, readStateFile } from '../../lib/state-file.ts';

const user = z.object({ root: z.string(), environment: z.string(), slug: z.string() });
const record = z.record(z.string(), z.array(user));

export type User = Readonly<z.output<typeof user>>;

export interface Users {
  /** The services that this stack uses. */
  own(): Promise<string[]>;
  /** Somebody used them once, and nobody does now: what is still there is in nobody's way. */
  areFree(): Promise<boolean>;
  /**
   * Makes this stack a user of the service, and starts it, or joins the `others` that use it. It is no user when that
   * fails and nobody else is one.
   */
  begin<Failure>(
    service: string,
    start: (others: readonly User[]) => Promise<Failure | undefined>,
  ): Promise<Failure | undefined>;
  /** This stack uses the services no more, unless `stop` fails: then it has to be tried again. */
  end<Failure>(
    services: readonly string[],
    stop: (left: Left) => Promise<Failure | undefined>,
  ): Promise<Failure | undefined>;
}

export interface Left {
  /** Those of the services that nobody uses any more. */
  readonly unused: readonly string[];
  /** Whether no service is used at all. */
  readonly isLast: boolean;
}

/** Milliseconds: whoever has the lock may be pulling an image. */
const LOCK_TIMEOUT = 10 * 60_000;

/** @param path Of the file; one for each project. */
export function openUsers(path: string, self: User): Users {
  const isSelf = ({ root, environment }: User): boolean =>
    root === self.root && environment === self.environment;

  const inTurn = async <Result>(task: (users: Map<string, User[]>) => Promise<Result>): Promise<Result> => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const lock = await acquireLock(`${path}.lock`, { timeout: LOCK_TIMEOUT });
    try {
      return await task(await readUsers(path));
    } finally {
      lock.release();
    }
  };
  const write = (users: ReadonlyMap<string, readonly User[]>): Promise<void> =>
    writeFileAtomic(path, `${JSON.stringify(Object.fromEntries(users), null, 1)}\n`);

  return {
    own: async () =>
      [...(await readUsers(path))].flatMap(([service, users]) => (users.some(isSelf) ? [service] : [])),
    areFree: async () =>
      existsSync(path) && [...(await readUsers(path)).values()].every((users) => users.length === 0),
    begin: (service, start) =>
      inTurn(async (users) => {
        const others = (users.get(service) ?? []).filter((each) => !isSelf(each));
        // Before it is started: what a crash leaves behind is still somebody's.
        await write(users.set(service, [...others, self]));
        const failure = await start(others);
        if (failure !== undefined) await write(users.set(service, others));
        return failure;
      }),
    end: (services, stop) =>
      inTurn(async (users) => {
        for (const service of services) {
          users.set(
            service,
            (users.get(service) ?? []).filter((each) => !isSelf(each)),
          );
        }
        const unused = services.filter((service) => users.get(service)?.length === 0);
        const isLast = [...users.values()].every((each) => each.length === 0);
        const failure = await stop({ unused, isLast });
        if (failure === undefined) await write(users);
        return failure;
      }),
  };
}

/** Lists the stacks that use anything of the project. @throws PortrampError STATE_FOLDER */
export const listUsers = async (path: string): Promise<User[]> =>
  [...(await readUsers(path)).values()].flat();

/**
 * Those whose checkout is there. A broken file has none: nothing is lost but who they were.
 * @throws PortrampError STATE_FOLDER for a file that cannot be read: who uses what is in it is not known then.
 */
async function readUsers(path: string): Promise<Map<string, User[]>> {
  const text = await readStateFile(path).catch((error: unknown) => {
    throw describeEntryError('cannot read', path, error);
  });
  const users = Object.entries(parse(text ?? '{}'));
  // A folder that cannot be looked at is no proof that its stack uses nothing.
  const gone = await Promise.all(
    users.map(([, each]) => Promise.all(each.map(({ root }) => isFolderGone(root)))),
  );
  return new Map(
    users.map(([service, each], row) => [service, each.filter((_, index) => gone[row]?.[index] !== true)]),
  );
}

function parse(text: string): z.output<typeof record> {
  try {
    return record.parse(JSON.parse(text));
  } catch {
    return {};
  }
}
