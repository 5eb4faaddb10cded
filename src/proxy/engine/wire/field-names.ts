/** The field names that a proxy has to understand. Everything else is passed on unread. */
import { matchesAt } from './bytes.ts';

/** A name as the lexer marks it; `OTHER` is every name that means nothing to the engine. */
export const FIELD = {
  OTHER: 0,
  HOST: 1,
  CONTENT_LENGTH: 2,
  TRANSFER_ENCODING: 3,
  EXPECT: 4,
  TRAILER: 5,
  AUTHORIZATION: 6,
  WWW_AUTHENTICATE: 7,
  /** From here on: meant for this hop alone, never forwarded as they came (RFC 9110 §7.6.1). */
  CONNECTION: 8,
  KEEP_ALIVE: 9,
  TE: 10,
  UPGRADE: 11,
  HTTP2_SETTINGS: 12,
  PROXY_CONNECTION: 13,
  PROXY_AUTHENTICATE: 14,
  PROXY_AUTHENTICATION_INFO: 15,
  PROXY_AUTHORIZATION: 16,
  /** No name, but the mark of a line that is left out. */
  DROPPED: 17,
} as const;

export type FieldId = (typeof FIELD)[keyof typeof FIELD];

const IDS: Readonly<Record<string, FieldId>> = {
  host: FIELD.HOST,
  'content-length': FIELD.CONTENT_LENGTH,
  'transfer-encoding': FIELD.TRANSFER_ENCODING,
  expect: FIELD.EXPECT,
  trailer: FIELD.TRAILER,
  authorization: FIELD.AUTHORIZATION,
  'www-authenticate': FIELD.WWW_AUTHENTICATE,
  connection: FIELD.CONNECTION,
  'keep-alive': FIELD.KEEP_ALIVE,
  te: FIELD.TE,
  upgrade: FIELD.UPGRADE,
  'http2-settings': FIELD.HTTP2_SETTINGS,
  'proxy-connection': FIELD.PROXY_CONNECTION,
  'proxy-authenticate': FIELD.PROXY_AUTHENTICATE,
  'proxy-authentication-info': FIELD.PROXY_AUTHENTICATION_INFO,
  'proxy-authorization': FIELD.PROXY_AUTHORIZATION,
};

interface KnownName {
  readonly bytes: Uint8Array;
  readonly id: FieldId;
}

const LONGEST = Math.max(...Object.keys(IDS).map((name) => name.length));
const BY_LENGTH = Array.from({ length: LONGEST + 1 }, (_, length) =>
  Object.entries(IDS)
    .filter(([name]) => name.length === length)
    .map(([name, id]): KnownName => ({ bytes: Buffer.from(name), id })),
);

/** Most names begin unlike all of these. */
const INITIALS = Uint8Array.from({ length: 256 }, (_, byte) =>
  Object.keys(IDS).some((name) => name.charCodeAt(0) === (byte | 0x20)) ? 1 : 0,
);

/** Which known name stands in `bytes[from, to)`, in any case. */
export function identify(bytes: Uint8Array, from: number, to: number): FieldId {
  const length = to - from;
  if (length > LONGEST || !INITIALS[bytes[from] as number]) return FIELD.OTHER;
  for (const known of BY_LENGTH[length] as readonly KnownName[]) {
    if (matchesAt(bytes, from, known.bytes)) return known.id;
  }
  return FIELD.OTHER;
}

export const isHopByHop = (id: FieldId): boolean => id >= FIELD.CONNECTION;

/**
 * Names that say how long a message is or for whom: forwarded as they came or replaced by the engine, never
 * removed because a `Connection` field names them, never set from outside, never taken from a trailer
 * (RFC 9110 §6.5.1).
 */
export const isFraming = (id: FieldId): boolean =>
  id === FIELD.HOST || id === FIELD.CONTENT_LENGTH || id === FIELD.TRANSFER_ENCODING;

/** Names on which it depends how a response is read: a malformed one cannot be left out. */
export const isEssential = (id: FieldId): boolean =>
  isFraming(id) || id === FIELD.CONNECTION || id === FIELD.UPGRADE;

/** Finds the id of a name in lower case. */
export function idOf(name: string): FieldId {
  return Object.hasOwn(IDS, name) ? (IDS[name] as FieldId) : FIELD.OTHER;
}
