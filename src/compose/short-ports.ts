/** The short syntax of `ports` (Compose specification, 05-services): `[HOST:]CONTAINER[/PROTOCOL]`. Pure. */
import type { ComposePort, Protocol } from './model.ts';

const SYNTAX =
  /^(?:(?:\[(?<v6>[0-9a-f:.]+)\]|(?<v4>[\d.]*|[0-9a-f]*:[0-9a-f:]*:[0-9a-f]*)):(?=[^:]*:))?(?:(?<host>\d*(?:-\d+)?):)?(?<container>\d+(?:-\d+)?)(?:\/(?<protocol>tcp|udp|sctp))?$/i;

/** One entry as the ports that it means; undefined where it is not the short syntax. */
export function parseShortPort(text: string): ComposePort[] | undefined {
  const groups = SYNTAX.exec(text.trim())?.groups;
  if (groups === undefined) return undefined;
  const container = parseRange(groups['container']);
  const host = parseRange(groups['host']);
  if (container === undefined) return undefined;
  // An address that is empty, as of `${BIND:-}:443:443`, is none.
  const hostIp = groups['v6'] ?? (groups['v4'] === '' ? undefined : groups['v4']);
  const protocol = (groups['protocol']?.toLowerCase() ?? 'tcp') as Protocol;
  const shared = { mode: 'ingress', protocol, ...(hostIp === undefined ? {} : { hostIp }) };
  const width = container.to - container.from;
  if (host === undefined) {
    return numbers(container).map((target) => ({ ...shared, target }));
  }
  // One target and many numbers: the engine takes one of them.
  if (width === 0 && host.to > host.from) {
    return [{ ...shared, target: container.from, published: `${host.from}-${host.to}` }];
  }
  if (host.to - host.from !== width) return undefined;
  return numbers(container).map((target, index) => ({
    ...shared,
    target,
    published: String(host.from + index),
  }));
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function parseRange(text: string | undefined): Range | undefined {
  if (text === undefined || text === '') return undefined;
  const [from = Number.NaN, to = from] = text.split('-').map(Number);
  return Number.isInteger(from) && to >= from && to <= 65_535 ? { from, to } : undefined;
}

const numbers = ({ from, to }: Range): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
