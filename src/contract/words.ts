/**
 * The building blocks of the schema. An error text is a message and, on a second line, a hint: zod has room for one
 * string only, and `issues.ts` takes it apart again.
 */
import { z } from 'zod';

import { DURATION, MAX_DURATION, parseDuration } from './duration.ts';

export const say = (message: string, hint: string): { error: string } => ({ error: `${message}\n${hint}` });

/**
 * A map with known keys. An unknown one is an error whose message lists the known ones, for `issues.ts`; `also`
 * are keys that somebody else takes out of the map before.
 */
export function fields<Shape extends z.ZodRawShape>(
  shape: Shape,
  also: readonly string[] = [],
): z.ZodObject<Shape, z.core.$strict> {
  const known = [...Object.keys(shape), ...also];
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? known.join(' ')
        : `this must be a map\nthe keys here are: ${known.join(', ')}`,
  });
}

const ORIGIN_HINT = 'write scheme, host and port as a browser does: https://app.example.com';

const LABEL_HINT = 'use lower-case letters, digits and hyphens, with a letter or digit at both ends';

// `xn--` marks punycode (RFC 5890 §2.3.2.1): browsers refuse labels that only look like it.
const LABEL = /^(?!xn--)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/** A name that becomes a DNS label. Its length is checked where host names are made. */
export const name = z
  .string(say('a name is text', 'quote it'))
  .regex(LABEL, say('this is not a name', LABEL_HINT));

/** A name that may be at most 63 characters long (RFC 1035 §2.3.4). */
export const label = name.max(63, say('a name has at most 63 characters', 'shorten it'));

// The last part of a domain starts with a letter: what does not is an address (RFC 1123 §2.1).
const HOST =
  /^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?|(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?)$/;

/** One label, or a whole domain; `*.` in front stands for one label or more. */
export const hostName = z
  .string(say('a host name is text', 'quote it'))
  .regex(
    HOST,
    say(
      'this is not a host name',
      'write a name such as api, "*.api", or a whole domain: api.dev.example.com; other letters as browsers send them: xn--bcher-kva for bücher',
    ),
  )
  .refine(
    isPunycode,
    say(
      'no browser asks for this host: what follows "xn--" is no Punycode (RFC 5891)',
      'write what a browser makes of the name: xn--bcher-kva for bücher',
    ),
  )
  .refine(
    (value) => !value.endsWith('.localhost'),
    say('names below .localhost are made from one word', 'write host: api for api.STACK.localhost'),
  );

/**
 * A last label with other letters: without one, the URL parsers of newer Nodes take a host of ASCII as it is, and look at
 * no label.
 */
const OTHER_LETTERS = { typed: '.ü', sent: '.xn--tda' };

/** Whether every label that begins with `xn--` stands for one in other letters (RFC 5890 §2.3.2.1). */
function isPunycode(host: string): boolean {
  // What is no host name at all was told already.
  if (!host.includes('xn--') || !HOST.test(host)) return true;
  const plain = host.replace(/^\*\./, '');
  try {
    return new URL(`http://${plain}${OTHER_LETTERS.typed}`).hostname === plain + OTHER_LETTERS.sent;
  } catch {
    return false;
  }
}

const SEGMENT = String.raw`(?!\.{1,2}(?:/|$))[\w.~!$&'()+,;=:@-]+`;

/** A path that stands for itself and all that lies below it. */
export const pathPrefix = z
  .string(say('a path is text', 'quote it'))
  .regex(
    new RegExp(`^/(?:${SEGMENT}(?:/${SEGMENT})*/?)?$`),
    say('this is not a path', 'write a path such as /api: no query, no ".." and no "%"'),
  );

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//;

/** What browsers send as `Origin` (RFC 6454 §6.1): nothing else would ever match. */
export const origin = z
  .string(say('an origin is text', 'quote it'))
  .regex(SCHEME, say('this is not an origin', ORIGIN_HINT))
  .refine(isOrigin, say('no browser would call its page that', ORIGIN_HINT));

function isOrigin(text: string): boolean {
  // What has no scheme was told already.
  if (!SCHEME.test(text)) return true;
  try {
    const url = new URL(text);
    return text === (url.origin === 'null' ? `${url.protocol}//${url.host}` : url.origin);
  } catch {
    return false;
  }
}

/** Text that is not empty. A NUL byte could not be passed to any process. */
export const text = z
  .string(say('this must be text', 'quote it'))
  .min(1, say('this is empty', 'write a value, or remove the key'))
  .regex(/^[^\0]*$/, say('text cannot hold a NUL byte', 'remove it'));

/** Text in which `${…}` is expanded. */
export const template = text;

/** One of the words of a command; it may be empty. */
export const argument = z
  .string(say('this must be text', 'quote it'))
  .regex(/^[^\0]*$/, say('text cannot hold a NUL byte', 'remove it'));

const DURATION_HINT = 'write a number and its unit: 250ms, 10s, 5m or 1h';

export const duration = z
  .string(say('a duration carries its unit', DURATION_HINT))
  .regex(DURATION, say('this is not a duration', DURATION_HINT))
  .refine(
    (value) => (parseDuration(value) ?? 0) <= MAX_DURATION,
    say('a duration is at most 24h', DURATION_HINT),
  );

/** A duration of which nothing at all would make no sense. */
export const positiveDuration = duration.refine(
  (value) => parseDuration(value) !== 0,
  say('this duration cannot be 0', DURATION_HINT),
);

export const portNumber = z
  .int(say('a port is a whole number', 'write a number from 1 to 65535'))
  .min(1, say('a port is at least 1', 'write a number from 1 to 65535'))
  .max(65_535, say('a port is at most 65535', 'write a number from 1 to 65535'));

/** One of several forms; `expected` says which, when the value has none of them. */
export function oneOf<const Forms extends readonly [z.ZodType, ...z.ZodType[]]>(
  expected: string,
  hint: string,
  forms: Forms,
): z.ZodUnion<Forms> {
  return z.union(forms, say(`this must be ${expected}`, hint));
}

/** One of several words. */
export function choice<const Words extends readonly [string, ...string[]]>(
  ...words: Words
): z.ZodEnum<{ [Word in Words[number]]: Word }> {
  return z.enum(words, say(`this must be ${listOf(words)}`, `write one of: ${words.join(', ')}`));
}

export const flag = z.boolean(say('this must be true or false', 'write true or false, without quotes'));

const listOf = (words: readonly string[]): string =>
  words.length === 1 ? `${words[0]}` : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
