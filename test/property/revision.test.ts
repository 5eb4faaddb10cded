import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { compareRevisions, isBreaking } from '../../src/check/revision/compare.ts';
import { compare, revisionOf } from '../unit/check/revision-of.ts';

/** A contract as data, so that it can be edited and written down. */
interface Model {
  readonly workspace: string;
  readonly range: { readonly from: number; readonly to: number };
  readonly aspire: boolean;
  readonly reservations: readonly {
    readonly port: number;
    readonly service?: string;
    readonly owner: string;
  }[];
  readonly services: readonly ServiceModel[];
}

interface ServiceModel {
  readonly name: string;
  readonly command: string;
  readonly renamedFrom?: string;
  readonly consumes: readonly {
    readonly service: string;
    readonly port?: string;
    readonly optional: boolean;
  }[];
  readonly access?: { readonly from: readonly string[] };
  readonly ports: readonly PortModel[];
}

interface PortModel {
  readonly name: string;
  readonly renamedFrom?: string;
  readonly appProtocol: 'http' | 'grpc' | 'tcp';
  readonly host?: string;
  readonly static?: number;
  readonly primary: boolean;
}

/** JSON is YAML. */
function write({ workspace, range, aspire, reservations, services }: Model): string {
  return JSON.stringify({
    version: 1,
    workspace,
    ranges: { dev: { ...range, static: 100 } },
    discovery: { aspire },
    reservations,
    services: Object.fromEntries(
      services.map(({ name, ports, ...service }) => [
        name,
        {
          ...service,
          ports:
            ports.length === 0
              ? false
              : Object.fromEntries(
                  ports.map(({ name: port, host, ...fields }) => [
                    port,
                    // Only http is found by name.
                    fields.appProtocol === 'http' && host !== undefined ? { ...fields, host } : fields,
                  ]),
                ),
        },
      ]),
    ),
  });
}

const names = ['a', 'b', 'c', 'd', 'e'];

const port = (name: string, primary: boolean): fc.Arbitrary<PortModel> =>
  fc
    .record({
      appProtocol: fc.constantFrom('http' as const, 'grpc' as const, 'tcp' as const),
      isPinned: fc.boolean(),
      number: fc.integer({ min: 20_000, max: 20_099 }),
    })
    .map(({ appProtocol, isPinned, number }) => ({
      name,
      appProtocol,
      primary,
      ...(isPinned ? { static: number } : {}),
    }));

const service = (name: string, others: readonly string[]): fc.Arbitrary<ServiceModel> =>
  fc
    .record({
      command: fc.constantFrom('x', 'y'),
      consumed: fc.subarray([...others]),
      optional: fc.boolean(),
      isClosed: fc.boolean(),
      ports: fc.oneof(
        fc.constant<PortModel[]>([]),
        port('main', true).map((first) => [first]),
        fc.tuple(port('main', true), port('side', false)),
      ),
    })
    .map(({ command, consumed, optional, isClosed, ports }) => ({
      name,
      command,
      ports,
      consumes: consumed.map((provider) => ({ service: provider, optional })),
      // Everybody by name, so that it can be narrowed and widened.
      ...(isClosed ? { access: { from: names.filter((each) => each !== name) } } : {}),
    }));

/** Consumers come after their providers, so that there are no circles. */
const models: fc.Arbitrary<Model> = fc
  .record({
    aspire: fc.boolean(),
    services: fc.tuple(...names.map((name, index) => service(name, names.slice(0, index)))),
    reserved: fc.uniqueArray(fc.integer({ min: 20_200, max: 20_900 }), { maxLength: 3 }),
  })
  .map(({ aspire, services, reserved }) => ({
    workspace: 'shop',
    range: { from: 20_000, to: 21_000 },
    aspire,
    reservations: reserved.map((number) => ({ port: number, owner: 'team' })),
    services,
  }));

/** An edit with a seed for what it chooses; it may find nothing to do. */
type Edit = (model: Model, pick: <T>(list: readonly T[]) => T | undefined) => Model | undefined;

const change = (model: Model, name: string, edit: (service: ServiceModel) => ServiceModel): Model => ({
  ...model,
  services: model.services.map((each) => (each.name === name ? edit(each) : each)),
});

const consumersOf = (model: Model, name: string): ServiceModel[] =>
  model.services.filter((each) => each.consumes.some((entry) => entry.service === name));

/** Takes a service out, and whatever names it. */
const remove = (model: Model, name: string): Model => ({
  ...model,
  services: model.services
    .filter((each) => each.name !== name)
    .map((each) => ({
      ...each,
      consumes: each.consumes.filter((entry) => entry.service !== name),
      ...(each.access === undefined
        ? {}
        : { access: { from: each.access.from.filter((other) => other !== name) } }),
    })),
});

const withPorts = (model: Model): ServiceModel[] => model.services.filter((each) => each.ports.length > 0);

const editPort = (
  model: Model,
  name: string,
  portName: string,
  edit: (port: PortModel) => PortModel,
): Model =>
  change(model, name, (each) => ({
    ...each,
    ports: each.ports.map((one) => (one.name === portName ? edit(one) : one)),
  }));

const BREAKING: Readonly<Record<string, Edit>> = {
  'remove a consumed service': (model, pick) => {
    const name = pick(model.services.filter((each) => consumersOf(model, each.name).length > 0))?.name;
    return name === undefined ? undefined : remove(model, name);
  },
  'rename a consumed service': (model, pick) => {
    const name = pick(model.services.filter((each) => consumersOf(model, each.name).length > 0))?.name;
    return name === undefined ? undefined : rename(model, name, `${name}-new`, false);
  },
  'rename a consumed port': (model, pick) => {
    const found = pick(withPorts(model).filter((each) => consumersOf(model, each.name).length > 0));
    return found && editPort(model, found.name, 'main', (one) => ({ ...one, name: 'other' }));
  },
  'drop a dependency': (model, pick) => {
    const found = pick(model.services.filter((each) => each.consumes.length > 0));
    return found && change(model, found.name, (each) => ({ ...each, consumes: each.consumes.slice(1) }));
  },
  'move a static port': (model, pick) => {
    const found = pick(model.services.filter((each) => each.ports.some((one) => one.static !== undefined)));
    const pinned = found?.ports.find((one) => one.static !== undefined);
    if (found === undefined || pinned?.static === undefined) return undefined;
    const next = 20_000 + ((pinned.static - 20_000 + 1) % 100);
    return editPort(model, found.name, pinned.name, (one) => ({ ...one, static: next }));
  },
  'change a protocol': (model, pick) => {
    const found = pick(withPorts(model));
    return (
      found &&
      editPort(model, found.name, 'main', (one) => ({
        ...one,
        appProtocol: one.appProtocol === 'tcp' ? 'http' : 'tcp',
      }))
    );
  },
  'change a host name': (model, pick) => {
    const found = pick(withPorts(model).filter((each) => each.ports[0]?.appProtocol === 'http'));
    return (
      found &&
      editPort(model, found.name, 'main', (one) => ({ ...one, host: `${found.name}-at-${one.host ?? 'x'}` }))
    );
  },
  'drop a form of variables': (model) =>
    model.aspire &&
    model.services.some((each) =>
      each.consumes.some((entry) => withPorts(model).some((one) => one.name === entry.service)),
    )
      ? { ...model, aspire: false }
      : undefined,
  'narrow access': (model, pick) => {
    const found = pick(
      model.services.filter((each) =>
        consumersOf(model, each.name).some((one) => each.access?.from.includes(one.name) ?? true),
      ),
    );
    return found && change(model, found.name, (each) => ({ ...each, access: { from: [] } }));
  },
  'shrink the range': (model, pick) => {
    const number = pick(model.reservations.filter((each) => each.port <= model.range.to))?.port;
    return number === undefined ? undefined : { ...model, range: { ...model.range, to: number - 1 } };
  },
  'hand a reservation over': (model, pick) => {
    const number = pick(model.reservations)?.port;
    if (number === undefined) return undefined;
    const next = (each: Model['reservations'][number]) => ({ ...each, owner: `${each.owner}-next` });
    return {
      ...model,
      reservations: model.reservations.map((each) => (each.port === number ? next(each) : each)),
    };
  },
  'rename the workspace': (model) => ({ ...model, workspace: `${model.workspace}s` }),
};

function rename(model: Model, name: string, next: string, isSaid: boolean): Model {
  const other = (each: string): string => (each === name ? next : each);
  return {
    ...model,
    services: model.services.map(({ renamedFrom, ...each }) => ({
      ...each,
      ...(each.name === name && isSaid
        ? { renamedFrom: name }
        : renamedFrom === undefined
          ? {}
          : { renamedFrom }),
      name: other(each.name),
      consumes: each.consumes.map((entry) => ({ ...entry, service: other(entry.service) })),
      ...(each.access === undefined ? {} : { access: { from: each.access.from.map(other) } }),
    })),
  };
}

const OTHERS: Readonly<Record<string, Edit>> = {
  'rename a service and say so': (model, pick) => {
    const name = pick(model.services.filter((each) => each.renamedFrom === undefined))?.name;
    return name === undefined ? undefined : rename(model, name, `${name}-renamed`, true);
  },
  'rename a port and say so': (model, pick) => {
    const found = pick(withPorts(model).filter((each) => each.ports[0]?.name === 'main'));
    return (
      found &&
      editPort(model, found.name, 'main', (one) => ({ ...one, name: 'renamed', renamedFrom: 'main' }))
    );
  },
  'remove a service that nobody consumes': (model, pick) => {
    const name = pick(
      model.services.filter(
        (each) => consumersOf(model, each.name).length === 0 && model.services.length > 1,
      ),
    )?.name;
    return name === undefined ? undefined : remove(model, name);
  },
  'add a service': (model) => ({
    ...model,
    services: [
      ...model.services,
      { name: `s${model.services.length}x${model.workspace.length}`, command: 'x', consumes: [], ports: [] },
    ],
  }),
  'add a dependency': (model, pick) => {
    const [provider] = model.services;
    const found = pick(
      model.services
        .slice(1)
        .filter((each) => each.consumes.every((entry) => entry.service !== provider?.name)),
    );
    if (provider === undefined || found === undefined) return undefined;
    const consumes = [...found.consumes, { service: provider.name, optional: true }];
    return change(model, found.name, (each) => ({ ...each, consumes }));
  },
  'change a command': (model, pick) => {
    const found = pick(model.services);
    return found && change(model, found.name, (each) => ({ ...each, command: `${each.command}z` }));
  },
  'widen access': (model, pick) => {
    const found = pick(model.services);
    if (found === undefined) return undefined;
    const { access: _, ...rest } = found;
    return change(model, found.name, () => rest);
  },
  'make a dependency required': (model, pick) => {
    const found = pick(model.services);
    return (
      found &&
      change(model, found.name, (each) => ({
        ...each,
        consumes: each.consumes.map((entry) => ({ ...entry, optional: false })),
      }))
    );
  },
  'pin a port': (model, pick) => {
    const found = pick(withPorts(model).filter((each) => each.ports[0]?.static === undefined));
    return (
      found && editPort(model, found.name, found.ports[0]?.name ?? '', (one) => ({ ...one, static: 20_050 }))
    );
  },
  'widen the range': (model) => ({ ...model, range: { ...model.range, to: model.range.to + 500 } }),
  'add a form of variables': (model) => ({ ...model, aspire: true }),
};

const seeds = fc.nat(1000);
const apply = (model: Model, edit: Edit | undefined, seed: number): Model | undefined =>
  edit?.(model, (list) => (list.length === 0 ? undefined : list[seed % list.length]));

const steps = fc.array(
  fc.record({ name: fc.constantFrom(...Object.keys(BREAKING), ...Object.keys(OTHERS)), seed: seeds }),
  { minLength: 1, maxLength: 4 },
);

const walk = (model: Model, edits: readonly { readonly name: string; readonly seed: number }[]): Model =>
  edits.reduce((now, { name, seed }) => apply(now, BREAKING[name] ?? OTHERS[name], seed) ?? now, model);

it('a contract does not differ from itself', () => {
  fc.assert(
    fc.property(models, steps, (model, edits) => {
      const text = write(walk(model, edits));
      expect(compare(text, text)).toEqual({ changes: [], steps: [] });
    }),
  );
});

it.each(Object.entries(BREAKING))('to %s is breaking', (_, edit) => {
  let tried = 0;
  fc.assert(
    fc.property(models, seeds, (model, seed) => {
      const edited = apply(model, edit, seed);
      if (edited === undefined) return;
      tried += 1;
      expect(isBreaking(compare(write(model), write(edited)))).toBe(true);
    }),
    { numRuns: 60 },
  );
  expect(tried).toBeGreaterThan(5);
});

it.each(Object.entries(OTHERS))('to %s is not', (name, edit) => {
  let tried = 0;
  fc.assert(
    fc.property(models, seeds, (model, seed) => {
      const edited = apply(model, edit, seed);
      if (edited === undefined) return;
      // A number that was pinned was promised, whoever is there to use it.
      if (name.startsWith('remove') && write(model).includes('static":200')) return;
      tried += 1;
      expect(
        compare(write(model), write(edited)).changes.filter((each) => each.weight === 'breaking'),
      ).toEqual([]);
    }),
    { numRuns: name.startsWith('remove') ? 1000 : 60 },
  );
  expect(tried).toBeGreaterThan(3);
});

/**
 * Edits never bring a name back that they took away, and never forget where a renamed thing came from: whoever
 * comes back is somebody new, to whom nothing was promised.
 */
it('two steps never hide what breaks on the way as a whole', () => {
  let breaking = 0;
  fc.assert(
    fc.property(models, steps, steps, (a, first, second) => {
      const b = walk(a, first);
      const c = walk(b, second);
      const [from, over, to] = [revisionOf(write(a)), revisionOf(write(b)), revisionOf(write(c))];
      const breaks = (left: typeof from, right: typeof from): boolean =>
        isBreaking(compareRevisions(left, right, '2027-01-01'));
      if (!breaks(from, to)) return;
      breaking += 1;
      expect(breaks(from, over) || breaks(over, to)).toBe(true);
    }),
    { numRuns: 150 },
  );
  expect(breaking).toBeGreaterThan(20);
}, 120_000);
