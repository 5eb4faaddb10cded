/** Which number a port gets: always the same one for the same checkout, unless somebody has it. */
import { PortrampError } from '../lib/errors.ts';
import { sha256 } from '../lib/hash.ts';
import { BLOCKED_PORTS } from './blocked.ts';
import {
  isSamePort,
  leasesOf,
  numbersOf,
  type Ledger,
  type LedgerLease,
  type LeasePort,
  type LeaseRequest,
  type LedgerStack,
} from './ledger.ts';

/** The numbers that an environment may use; the first `static` of them are kept for pinned ports. */
export interface Band {
  readonly from: number;
  readonly to: number;
  readonly static: number;
}

/** Below the ephemeral ranges of Linux (32768–60999), macOS and Windows (49152–65535). */
export const DEFAULT_BAND: Band = { from: 20_000, to: 29_999, static: 128 };

/** Where the search for a number begins: the same for the same checkout, also when the ledger is lost. */
export function preferredNumber(
  band: Band,
  stack: Pick<LedgerStack, 'workspaceId' | 'slug'>,
  port: LeasePort,
): number {
  const hash = sha256([stack.workspaceId, stack.slug, port.service, port.port].join('\0'));
  return band.from + band.static + Number(BigInt(`0x${hash}`) % BigInt(widthOf(band)));
}

/** Every number of the band's dynamic part once: upwards from `first`, then on from the bottom. */
export function* walkFrom(band: Band, first: number): Generator<number> {
  const bottom = band.from + band.static;
  const width = widthOf(band);
  for (let step = 0; step < width; step += 1) yield bottom + ((first - bottom + step) % width);
}

/**
 * The stack's leases for these ports: those it has, and new ones for the rest, which the caller commits. A port that
 * needs more numbers in a row than it has gets a new lease. Calls must not overlap.
 * @throws PortrampError NO_FREE_PORT; then nothing is granted.
 */
export async function allocateLeases(
  ledger: Ledger,
  stack: LedgerStack,
  ports: readonly LeaseRequest[],
  options: { readonly isFree: (port: number) => Promise<boolean>; readonly band?: Band },
): Promise<{ readonly all: LedgerLease[]; readonly added: LedgerLease[] }> {
  const band = options.band ?? DEFAULT_BAND;
  const held = leasesOf(ledger, stack);
  const taken = new Set(ledger.leases.flatMap(numbersOf));
  const all: LedgerLease[] = [];
  const added: LedgerLease[] = [];
  for (const port of ports) {
    const { span = 1, kept = false } = port;
    const known = [...added, ...held].find((lease) => isSamePort(lease, port));
    const isEnough = known !== undefined && (known.span ?? 1) >= span;
    if (isEnough && (known.kept ?? false) === kept) {
      if (!all.includes(known)) all.push(known);
      continue;
    }
    const preferred = preferredNumber(band, stack, port);
    const search = { band, preferred, span, taken };
    const number = isEnough ? known.number : await findNumber(search, options.isFree);
    const width = isEnough ? (known.span ?? 1) : span;
    const lease: LedgerLease = {
      root: stack.root,
      environment: stack.environment,
      service: port.service,
      port: port.port,
      number,
      ...(width === 1 ? {} : { span: width }),
      ...(kept ? { kept } : {}),
    };
    for (const each of numbersOf(lease)) taken.add(each);
    all.push(lease);
    added.push(lease);
  }
  return { all, added };
}

interface Search {
  readonly band: Band;
  readonly preferred: number;
  readonly span: number;
  readonly taken: ReadonlySet<number>;
}

async function findNumber(
  { band, preferred, span, taken }: Search,
  isFree: (port: number) => Promise<boolean>,
): Promise<number> {
  const isUsable = async (number: number): Promise<boolean> =>
    number <= band.to && !taken.has(number) && !BLOCKED_PORTS.has(number) && (await isFree(number));
  for (const first of walkFrom(band, preferred)) {
    let width = 0;
    while (width < span && (await isUsable(first + width))) width += 1;
    if (width === span) return first;
  }
  throw new PortrampError(
    'NO_FREE_PORT',
    `no ${span === 1 ? 'port' : `${span} ports in a row`} between ${band.from + band.static} and ${band.to} ${span === 1 ? 'is' : 'are'} free`,
    {
      hint: 'run "portramp clean" to forget checkouts that are gone, and "portramp ls --all" to see who has them',
    },
  );
}

const widthOf = (band: Band): number => band.to - band.from + 1 - band.static;
