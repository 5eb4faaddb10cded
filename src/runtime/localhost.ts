/**
 * Loaded into Node children with `--require`, Node 14 and all later ones: names that end in `.localhost` resolve to loopback (RFC 6761 §6.3),
 * which the system's resolver often does not do. `net`, `http` and `fetch` look `dns.lookup` up when they dial.
 *
 * Built as CommonJS: `--import` would send the child's entry through the loader of ES modules, which knows nothing
 * of `require.extensions`, where ts-node, coffeescript and others register. Without `node:`, which Node 14.18 brought.
 */
import dns, { type LookupAddress, type LookupAllOptions, type LookupOneOptions } from 'dns';
import { syncBuiltinESMExports } from 'module';

type Options = LookupOneOptions | LookupAllOptions;
type Callback = (error: Error | null, address?: string | LookupAddress[], family?: number) => void;

const isLoopback = (host: unknown): boolean =>
  typeof host === 'string' && /(^|\.)localhost\.?$/i.test(host) && !/^localhost\.?$/i.test(host);

function addresses({ family, order }: Options): LookupAddress[] {
  const both = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
  if (family === 4 || family === 'IPv4') return both.slice(0, 1);
  if (family === 6 || family === 'IPv6') return both.slice(1);
  return order === 'ipv6first' ? both.reverse() : both;
}

const optionsOf = (options: unknown): Options =>
  typeof options === 'number' ? { family: options } : typeof options === 'object' ? (options ?? {}) : {};

const lookup = dns.lookup;
const replacement = (host: string, ...rest: unknown[]): void => {
  const callback = rest[rest.length - 1];
  if (!isLoopback(host) || typeof callback !== 'function') {
    Reflect.apply(lookup, dns, [host, ...rest]);
    return;
  }
  const options = optionsOf(rest.length > 1 ? rest[0] : undefined);
  const found = addresses(options);
  process.nextTick(() => {
    if (options.all) (callback as Callback)(null, found);
    else (callback as Callback)(null, found[0]?.address, found[0]?.family);
  });
};
// `util.promisify` finds the original's promise form under a symbol of its own.
Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(lookup));

const lookupAsync = dns.promises.lookup;
const replacementAsync = async (host: string, options?: unknown): Promise<unknown> => {
  if (!isLoopback(host)) return Reflect.apply(lookupAsync, dns.promises, [host, options]);
  const found = addresses(optionsOf(options));
  return optionsOf(options).all ? found : found[0];
};

Object.assign(dns, { lookup: replacement });
Object.assign(dns.promises, { lookup: replacementAsync });
syncBuiltinESMExports();
