/** Compose files that were read without Compose, as one project: merged, and completed as `config` does. Pure. */

export type Json = { [key: string]: unknown };

/** Maps merge, lists grow, everything else is replaced. */
export function merge(base: Json, over: Json): Json {
  const merged: Json = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const known = base[key];
    if (isMap(known) && isMap(value)) merged[key] = merge(known, value);
    else if (Array.isArray(known) && Array.isArray(value)) merged[key] = unique([...known, ...value]);
    else if (value !== null || known === undefined) merged[key] = value;
  }
  return merged;
}

/** Of two ports that differ in nothing but their names, the later one counts. */
const unique = (items: readonly unknown[]): unknown[] => [
  ...new Map(items.map((item) => [identityOf(item), item])).values(),
];

function identityOf(item: unknown): string {
  if (!isMap(item) || item['target'] === undefined) return JSON.stringify(item);
  const { host_ip: ip = '', published = '', target, protocol } = item;
  return [ip, published, target, protocol].map(String).join(' ');
}

const isMap = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Default network, names made from the project's, and nothing that no service uses: as `config` does. */
export function normalize(json: Json): Json {
  const services = isMap(json['services']) ? json['services'] : {};
  for (const service of Object.values(services).filter(isMap)) {
    service['depends_on'] = { ...impliedDependencies(service), ...Object(service['depends_on']) };
    if (service['network_mode'] === undefined) service['networks'] ??= { default: null };
    if (isMap(service['networks']) && Object.keys(service['networks']).length === 0) {
      service['networks'] = { default: null };
    }
  }
  const used = Object.values(services).filter(isMap);
  const networks = new Set(used.flatMap((service) => Object.keys(Object(service['networks']))));
  const volumes = new Set(used.flatMap(volumesOf));
  return {
    ...json,
    services,
    networks: nameResources(json, 'networks', networks),
    volumes: nameResources(json, 'volumes', volumes),
  };
}

const listOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** Who shares something of another service, or is linked to it, needs it. */
function impliedDependencies(service: Json): Json {
  const shared = ['network_mode', 'pid', 'ipc'].map((field) => String(service[field]));
  const owners = shared.flatMap((text) =>
    text.startsWith('service:') ? [text.slice('service:'.length)] : [],
  );
  const mounted = listOf(service['volumes_from']).filter((text) => !text.startsWith('container:'));
  const namesIn = (texts: readonly string[]): string[] => texts.map((text) => text.replace(/:.*/, ''));
  return {
    ...fromList(namesIn(mounted), () => ({})),
    ...fromList([...owners, ...namesIn(listOf(service['links']))], () => ({ restart: true })),
  };
}

const volumesOf = (service: Json): string[] =>
  (Array.isArray(service['volumes']) ? service['volumes'] : []).flatMap((volume) => {
    if (isMap(volume)) return volume['type'] === 'volume' ? [String(volume['source'])] : [];
    const [source, target] = String(volume).split(':');
    return target !== undefined && /^[\w][\w.-]+$/.test(source ?? '') ? [String(source)] : [];
  });

function nameResources(json: Json, section: string, used: ReadonlySet<string>): Json {
  const declared = isMap(json[section]) ? json[section] : {};
  return Object.fromEntries(
    [...used].map((key) => {
      const resource = isMap(declared[key]) ? declared[key] : {};
      const external = resource['external'];
      const fallback = external === true ? key : `${String(json['name'])}_${key}`;
      const name = isMap(external) ? (external['name'] ?? key) : (resource['name'] ?? fallback);
      return [key, { ...resource, name, external: external === true || isMap(external) }];
    }),
  );
}

export const fromList = (names: readonly unknown[], value: () => unknown): Json =>
  Object.fromEntries(names.map((name) => [String(name), value()]));
