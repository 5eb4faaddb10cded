/** How a container is attached to networks, as the engine tells it. Pure. */
import { z } from 'zod';

export interface Network {
  readonly name: string;
  /** Empty before the container ran on it; some engines write the name. */
  readonly id: string;
}

/** The container that has the network which another one shares. */
export interface NetworkOwner {
  readonly name: string;
  readonly state: string;
  /** When it was last started, as the engine writes it. */
  readonly startedAt: string;
}

export type Attachment =
  /** On networks of its own: now, or when it runs again. */
  | { readonly kind: 'networks'; readonly networks: readonly Network[] }
  /** On those of another container, which the engine writes down when this one is made. `owner` is absent when it is gone. */
  | { readonly kind: 'shared'; readonly ownerId: string; readonly owner?: NetworkOwner | undefined }
  /** On that of the machine, on none, or what the engine does not tell. */
  | { readonly kind: 'apart' };

/** Of a container, by the names of the networks. */
export const networksField = z
  .record(z.string(), z.object({ NetworkID: z.string().default('') }).nullable())
  .nullish();

/** @param mode What the container was made with. */
export function readAttachment(
  networks: z.output<typeof networksField>,
  mode: string | undefined,
): Attachment {
  const [, ownerId] = /^container:(.+)$/.exec(mode ?? '') ?? [];
  if (ownerId !== undefined) return { kind: 'shared', ownerId };
  const isApart = mode === undefined || /^(ns:|host$|none$|slirp4netns|pasta|$)/.test(mode);
  if (isApart || networks === null || networks === undefined) return { kind: 'apart' };
  const list = Object.entries(networks).map(([name, found]) => ({ name, id: found?.NetworkID ?? '' }));
  return { kind: 'networks', networks: list };
}
