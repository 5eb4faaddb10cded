/** Values that should not be committed. */

/** How the tokens of well-known services begin. */
const KNOWN: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\bgh[pousr]_[A-Za-z0-9]{30,}/, 'a token of GitHub'],
  [/\bgithub_pat_\w{30,}/, 'a token of GitHub'],
  [/\bglpat-[\w-]{20,}/, 'a token of GitLab'],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/, 'an access key of AWS'],
  [/\bAIza[\w-]{35}/, 'an API key of Google'],
  [/\bya29\.[\w-]{20,}/, 'a token of Google'],
  [/\b[sr]k_live_[A-Za-z0-9]{16,}/, 'a live key of Stripe'],
  [/\bwhsec_[A-Za-z0-9+/=]{24,}/, 'a webhook secret'],
  [/\bxox[abeoprs]-[\w-]{10,}/, 'a token of Slack'],
  [/\bsk-(?:ant-|proj-)?[\w-]{32,}/, 'an API key'],
  [/\bnpm_[A-Za-z0-9]{36}/, 'a token of npm'],
  [/\bSG\.[\w-]{16,}\.[\w-]{16,}/, 'a key of SendGrid'],
  [/\bdop_v1_[a-f0-9]{64}/, 'a token of DigitalOcean'],
  [/\bhvs\.[\w-]{24,}/, 'a token of Vault'],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, 'a private key'],
  [/\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/, 'a JSON Web Token'],
];

/** Variables whose value is meant to be unguessable. */
const SECRET_NAME = /(?:SECRET|TOKEN|PASSWORD|PASSWD|PRIVATE_?KEY|API_?KEY|ACCESS_?KEY|CREDENTIAL)/i;

/** Long enough, and mixed enough (bits a character), to be random. English words have about 3.5 bits. */
const RANDOM = { length: 28, entropy: 4.2 };
const RANDOM_UNDER_SECRET_NAME = { length: 16, entropy: 3.3 };

/** Variables that say where the secret is, or what it is called. */
const NAME_OF_A_PLACE = /(?:^|_)(?:FILE|PATH|DIR|URL|URI|HOST|NAME|ARN|ID)$/i;

/** Why the value looks like a secret, or undefined. Templates are not values. */
export function looksLikeSecret(name: string, value: string): string | undefined {
  for (const [pattern, what] of KNOWN) if (pattern.test(value)) return `it is ${what} by its form`;
  const isMixed = /[A-Za-z]/.test(value) && /\d/.test(value);
  if (!isMixed || /\$\{|\s/.test(value)) return undefined;
  const isNamed = SECRET_NAME.test(name) && !NAME_OF_A_PLACE.test(name);
  return isNamed ? findUnderSecretName(value) : findAnywhere(value);
}

/** By its name it is a secret: only what can be read, such as an address or a path of words, is none. */
function findUnderSecretName(value: string): string | undefined {
  if (isAddress(value)) return undefined;
  // Keys in base64 have slashes too, but no words between them.
  const isOfWords = isPath(value) && !/[a-z][A-Z\d]|\d[a-zA-Z]/.test(value.replaceAll(/\bv\d+\b/g, ''));
  return isOfWords ? undefined : describeRandom(value, RANDOM_UNDER_SECRET_NAME);
}

function findAnywhere(value: string): string | undefined {
  const isHarmless = isAddress(value) || isPath(value) || UUID.test(value) || !/^[\w+/=.~-]+$/.test(value);
  return isHarmless ? undefined : describeRandom(value, RANDOM);
}

const describeRandom = (value: string, limit: { length: number; entropy: number }): string | undefined =>
  value.length >= limit.length && entropyOf(value) >= limit.entropy ? 'it is long and random' : undefined;

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Addresses, paths and identifiers are long and mixed as well. */
const isAddress = (value: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(value);

const isPath = (value: string): boolean =>
  /^\.{0,2}\//.test(value) || /^[\w-]+(?:[./][a-z][\w-]*)+$/i.test(value);

/** Shannon entropy, bits a character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let sum = 0;
  for (const count of counts.values()) sum -= (count / text.length) * Math.log2(count / text.length);
  return sum;
}
