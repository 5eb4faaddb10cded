/** What a person names on the command line: a port, a service; and whose a port is. */
import { afterEach, describe, expect, it, vi } from 'vitest';

import { findRunningStack, requireServices } from '../../../src/cli/daemon-access.ts';
import { parsePort } from '../../../src/cli/port-argument.ts';
import { findPortOwner, howToEndStranger } from '../../../src/cli/port-owner.ts';
import type { RunningContainers } from '../../../src/cli/unattended.ts';
import { ContractError } from '../../../src/contract/contract-error.ts';
import type { Diagnostic } from '../../../src/contract/diagnostic.ts';
import type { DaemonClient } from '../../../src/protocol/client.ts';
import type { PortHolder, PublishedService, RunningStack } from '../../../src/protocol/messages.ts';

const { bonds } = vi.hoisted(() => ({ bonds: new Map<number, string>() }));
vi.mock('../../../src/cli/why/ask.ts', () => ({
  isOf: ({ name }: { name: string }, pid: number) => bonds.get(pid) === name,
}));
vi.mock('../../../src/runtime/runs/clean.ts', () => ({
  belongingOf: async (_runs: string, pid: number) => (pid === 50 ? 'left' : pid === 51 ? 'live' : undefined),
}));

it.each([
  ['20031', 20_031],
  [':1', 1],
  ['65535', 65_535],
])('%s is a port', (text, port) => {
  expect(parsePort(text)).toBe(port);
});

it.each(['0', ':0', '65536', '100000', '-1', '1.5', '', 'http', '::1', '80 '])('%j is no port', (text) => {
  expect(() => parsePort(text)).toThrow(
    expect.objectContaining({ code: 'USAGE', message: `"${text}" is no port` }),
  );
});

const serviceOf = (more: Partial<PublishedService> = {}): PublishedService => ({
  name: 'api',
  kind: 'process',
  state: 'ready',
  restarts: 0,
  ports: [{ name: 'http', appProtocol: 'http', port: 4_000, targetPort: 4_100, hosts: [] }],
  ...more,
});

const stackOf = (more: Partial<RunningStack> = {}): RunningStack => ({
  root: '/work/shop',
  environment: 'dev',
  workspace: 'shop',
  workspaceId: 'w',
  main: true,
  slug: 'shop',
  ident: 'shop',
  index: 0,
  pid: 10,
  services: [serviceOf()],
  ...more,
});

const clientOf = (
  stacks: readonly RunningStack[],
  answer: { free: boolean; holders?: readonly PortHolder[]; forbidden?: true } = { free: true },
): DaemonClient =>
  ({
    request: async (name: string) =>
      name === 'list' ? { front: { http: 7_267 }, stacks } : { holders: [], ...answer },
  }) as unknown as DaemonClient;

describe('a stack', () => {
  it('runs while a runner is attached to it', async () => {
    const [running, resting] = [stackOf(), stackOf({ environment: 'e2e' })];
    delete (resting as { pid?: number }).pid;
    const client = clientOf([resting, running]);
    expect(await findRunningStack(client, running)).toBe(running);
    expect(await findRunningStack(client, resting)).toBeUndefined();
    expect(await findRunningStack(client, { ...running, root: '/x' })).toBeUndefined();
  });

  it('is asked for services that it has, by the nearest name where it has not', () => {
    const many = Array.from({ length: 13 }, (_, index) =>
      serviceOf({ name: `s${index}${'x'.repeat(index)}` }),
    );
    expect(() => requireServices(stackOf(), ['api'])).not.toThrow();
    expect(() => requireServices(stackOf(), ['api', 'apj'])).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_NAME', hint: 'did you mean "api"?' }),
    );
    expect(() => requireServices(stackOf(), ['database'])).toThrow(
      expect.objectContaining({ hint: 'the services are: api' }),
    );
    expect(() => requireServices({ services: many }, ['database'])).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/^the services are: s0, .*s11x+ …$/) }),
    );
    expect(() => requireServices({ services: many.slice(1) }, ['database'])).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/s12x+$/) }),
    );
  });
});

describe('a port', () => {
  const holders = [{ pid: 42, command: 'x' }];
  let running: RunningContainers | undefined;
  afterEach(() => {
    running = undefined;
  });
  const of = (stacks: readonly RunningStack[], number: number, answer?: Parameters<typeof clientOf>[1]) =>
    findPortOwner(clientOf(stacks, answer), number, async () => running);

  it('is the front’s, or nobody’s, and may be kept for a service all the same', async () => {
    expect(await of([], 7_267)).toEqual({ kind: 'front' });
    expect(await of([], 1)).toEqual({ kind: 'nobody' });
    expect(await of([], 1, { free: true, forbidden: true })).toEqual({ kind: 'nobody', forbidden: true });
    const lease = { service: 'db', port: 'tcp', number: 5 };
    const stack = stackOf({ leases: [lease] });
    for (const [number, service, port] of [
      [4_000, 'api', 'http'],
      [4_100, 'api', 'http'],
      [5, 'db', 'tcp'],
    ] as const)
      expect(await of([stack], number)).toMatchObject({ kind: 'nobody', reserved: { service, port } });
  });

  it('is that of the service whose process, replica, container or ramp listens', async () => {
    bonds.clear();
    bonds.set(42, 'api');
    expect(await of([stackOf()], 4_100, { free: false, holders })).toMatchObject({
      kind: 'service',
      service: 'api',
      port: 'http',
      holders,
    });
    const replicas = serviceOf({
      instances: [{ slot: 0, state: 'ready', role: 'serving', ports: { http: 6_000 } }],
    });
    expect(await of([stackOf({ services: [replicas] })], 6_000, { free: false, holders })).toMatchObject({
      kind: 'service',
      port: 'http',
    });
    bonds.clear();
    const runner = [{ pid: 10, command: 'portramp' }];
    expect(await of([stackOf()], 4_000, { free: false, holders: runner })).toMatchObject({ kind: 'service' });
    const container = serviceOf({ kind: 'compose' });
    expect(await of([stackOf({ services: [container] })], 4_000, { free: false, holders })).toMatchObject({
      kind: 'service',
    });
    const stopped = serviceOf({ kind: 'compose', state: 'idle' });
    expect(await of([stackOf({ services: [stopped] })], 4_000, { free: false, holders })).toMatchObject({
      kind: 'stranger',
      reserved: { service: 'api' },
    });
  });

  it('is that of a service that chose the number itself, and of nobody’s where that is of no stack that runs', async () => {
    bonds.clear();
    bonds.set(42, 'api');
    const found = await of([stackOf()], 9_999, { free: false, holders });
    expect(found).toMatchObject({ kind: 'service', service: 'api' });
    expect(found).not.toHaveProperty('port');
    const resting = stackOf();
    delete (resting as { pid?: number }).pid;
    expect(await of([resting], 9_999, { free: false, holders })).toEqual({ kind: 'stranger', holders });
    const outside = serviceOf({ kind: 'external' });
    expect(
      await of([stackOf({ services: [outside] })], 4_000, { free: false, holders: [{ pid: 7 }] }),
    ).toEqual({
      kind: 'stranger',
      holders: [{ pid: 7 }],
    });
  });

  it('is that of a container, of whomever, whose engine listens', async () => {
    bonds.clear();
    const container = {
      id: 'c',
      name: 'shop-db-1',
      text: 'the container shop-db-1',
      project: 'shop',
      service: 'db',
      files: [],
      published: ['5/tcp'],
    };
    const made = { ...container, owners: [stackOf()], isAttended: false };
    running = { made: [made], others: [{ ...container, name: 'theirs', published: ['6/tcp'] }] };
    const taken = { free: false, holders };
    const resting = stackOf({ leases: [{ service: 'db', port: '80/tcp', number: 5 }] });
    delete (resting as { pid?: number }).pid;
    expect(await of([resting], 5, taken)).toMatchObject({ kind: 'container', service: 'db', port: '80/tcp' });
    expect(await of([], 5, taken)).toMatchObject({
      kind: 'container',
      service: 'db',
      stack: { slug: 'shop' },
    });
    // On a number that the stack does not speak of, because somebody else started it so.
    const moved = stackOf({ services: [serviceOf({ name: 'db', kind: 'compose' })] });
    expect(await of([moved], 5, taken)).toMatchObject({ kind: 'service', service: 'db' });
    expect(await of([stackOf()], 5, taken)).toMatchObject({ kind: 'container', stack: { pid: 10 } });
    const stranger = await of([resting], 6, taken);
    expect(stranger).toMatchObject({ kind: 'stranger', container: { name: 'theirs' } });
    expect(await howToEndStranger(6, stranger)).toBe('to end it: docker stop theirs');
    expect(await of([], 7, taken)).toMatchObject({ kind: 'stranger', container: undefined });
  });

  it('is that of the stack that runs, where another one keeps it as well', async () => {
    const resting = stackOf({ slug: 'old' });
    delete (resting as { pid?: number }).pid;
    expect(await of([resting, stackOf()], 4_000)).toMatchObject({ reserved: { stack: { slug: 'shop' } } });
    expect(await of([resting], 4_000)).toMatchObject({ reserved: { stack: { slug: 'old' } } });
  });

  it.each<[string, readonly PortHolder[], string | undefined]>([
    ['a stranger', [{ pid: 42 }, {}], 'to end it: kill 42'],
    ['what a crash has left', [{ pid: 50 }], 'to end it: portramp clean'],
    ['a process of a stack', [{ pid: 51 }], undefined],
    ['several', [{ pid: 42 }, { pid: 43 }], undefined],
    ['nobody who can be seen', [{}], undefined],
  ])('of %s is ended by what is said, where there is something', async (_, found, said) => {
    expect(await howToEndStranger(80, { kind: 'stranger', holders: found })).toBe(said);
    expect(await howToEndStranger(80, { kind: 'nobody' })).toBeUndefined();
  });
});

it('a contract that is wrong is told by its first error', () => {
  const finding = { rule: 'PR001', file: 'portramp.yaml', line: 3, column: 5 };
  const [warning, error] = [
    { ...finding, severity: 'warning', message: 'odd' },
    { ...finding, severity: 'error', message: 'wrong', hint: 'write x' },
  ] as unknown as Diagnostic[];
  if (warning === undefined || error === undefined) throw new Error('no finding');
  expect(new ContractError([warning, error])).toMatchObject({
    code: 'CONTRACT_INVALID',
    message: 'portramp.yaml:3:5 wrong',
    hint: 'write x',
    diagnostics: [warning, error],
  });
  expect(new ContractError([warning])).toMatchObject({ message: 'the contract is invalid', hint: undefined });
});
