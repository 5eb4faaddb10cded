import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Claim } from '../../../src/ports/findings.ts';
import { createInspector, type Inspector } from '../../../src/ports/inspect.ts';
import type { ProcessFacts } from '../../../src/ports/owner.ts';
import type { Listener, System } from '../../../src/ports/system/system.ts';

/** A machine that is whatever a test says, and counts what it is asked. */
interface Machine extends System {
  processes: ProcessFacts[];
  sockets: (Listener & { pids: number[] })[];
  markers: Record<number, string>;
  count: string | undefined;
  readonly asked: { tables: number; processes: number; holders: string[][] };
}

function createMachine(): Machine {
  const machine: Machine = {
    processes: [],
    sockets: [],
    markers: {},
    count: undefined,
    asked: { tables: 0, processes: 0, holders: [] },
    countSockets: () => machine.count,
    listListeners: () => {
      machine.asked.tables += 1;
      return machine.sockets.map(({ id, address, port, user = 0 }) => ({ id, address, port, user }));
    },
    listProcesses: () => {
      machine.asked.processes += 1;
      return machine.processes;
    },
    readProcess: (pid) => machine.processes.find((one) => one.pid === pid),
    findHolders: (sockets) => {
      machine.asked.holders.push([...sockets]);
      const found = machine.sockets.filter(({ id, pids }) => sockets.has(id) && pids.length > 0);
      return new Map(found.map(({ id, pids }) => [id, pids]));
    },
    readMarker: (pid) => machine.markers[pid],
    readCpuTime: () => 0,
    describe: (pid) => ({ command: `program ${pid}`, cwd: `/home/${pid}` }),
  };
  return machine;
}

const facts = (pid: number, ppid: number, group = pid): ProcessFacts => ({
  pid,
  ppid,
  pgrp: group,
  session: group,
  startTime: `${pid}`,
});

const claim = (pid: number, service: string, number: number): Claim => ({
  instance: { pid, startTime: `${pid}`, marker: `run.${service}.1` },
  label: `${service} of shop`,
  ports: [{ name: 'http', number }],
});

const api = claim(100, 'api', 20_001);
const web = claim(200, 'web', 20_002);
let machine: Machine;
let inspector: Inspector;

beforeEach(() => {
  machine = createMachine();
  machine.processes = [facts(100, 50), facts(101, 100, 100), facts(200, 50), facts(300, 1)];
  machine.sockets = [
    { id: 'a', address: '127.0.0.1', port: 20_001, user: 1000, pids: [101] },
    { id: 'w', address: '::', port: 20_002, user: 1000, pids: [200] },
    { id: 'db', address: '127.0.0.1', port: 5432, user: 70, pids: [] },
  ];
  inspector = createInspector(machine);
});

describe('a service that listens on an address of its own', () => {
  const addressed = (...addresses: string[]) => {
    machine.sockets = addresses.map((address, index) => ({
      id: `s${index}`,
      address,
      port: 20_001,
      user: 1000,
      pids: [101],
    }));
    expect(inspector.inspect([api])).toEqual([]);
    const [{ listening, away } = { listening: [] }] = inspector.sightings;
    return { listening, away };
  };

  it('is seen to listen where connections to this machine itself arrive', () => {
    for (const address of ['127.0.0.1', '0.0.0.0', '::', '::1', '*'])
      expect(addressed(address)).toEqual({ listening: ['http'], away: undefined });
    expect(addressed('192.0.2.2', '::1')).toEqual({ listening: ['http'], away: undefined });
  });

  it('is away where it listens on others alone', () => {
    for (const address of ['192.0.2.2', '127.0.0.2', 'fe80::1%lo0', '2001:db8::1'])
      expect(addressed(address)).toEqual({ listening: [], away: [{ port: 'http', address }] });
  });
});

describe('services that listen only where they should', () => {
  it('are never taken for strangers, whoever else is silent, comes and goes between two looks', () => {
    /** For each of six services, whether it listens at each look at the table of sockets. */
    const looks = fc.array(fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), {
      minLength: 2,
      maxLength: 6,
    });
    fc.assert(
      fc.property(looks, (services) => {
        const scene = createMachine();
        scene.processes = services.map((_, index) => facts(1000 + index, 50));
        const claims = services.map((_, index) => claim(1000 + index, `s${index}`, 20_000 + index));
        const listen = (look: number): Machine['sockets'] =>
          services.flatMap((listens, index) =>
            listens[Math.min(look, 7)] === true
              ? [{ id: `${index}`, address: '::', port: 20_000 + index, user: 0, pids: [1000 + index] }]
              : [],
          );
        const listListeners = scene.listListeners.bind(scene);
        scene.listListeners = () => {
          scene.sockets = listen(scene.asked.tables);
          return listListeners();
        };
        const tested = createInspector(scene);
        for (let pass = 0; pass < 4; pass += 1) expect(tested.inspect(claims)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('are looked for once in a pass, however many others are silent', () => {
    const silent = [300, 301, 302, 303].map((pid) => claim(pid, `s${pid}`, 30_000 + pid));
    expect(inspector.inspect([...silent, api, web])).toEqual([]);
    expect(machine.asked.holders.flat().filter((id) => id === 'a')).toHaveLength(1);
  });
});

describe('a pass', () => {
  it('has nothing to say where every listener is where it should be', () => {
    expect(inspector.inspect([api, web])).toEqual([]);
  });

  it('costs no more than the socket table while nothing changes', () => {
    inspector.inspect([api, web]);
    const before = structuredClone(machine.asked);
    for (let pass = 0; pass < 3; pass += 1) inspector.inspect([api, web]);
    expect(machine.asked).toEqual({ ...before, tables: 4 });
    expect(before).toEqual({ tables: 1, processes: 1, holders: [['a', 'w']] });
  });

  it('is left out twice in a row where it is routine and the number of sockets is the same', () => {
    machine.count = '3';
    inspector.inspect([api, web]);
    machine.sockets.push({ id: 'g', address: '::1', port: 20_001, user: 1000, pids: [300] });
    const routine = { routine: true };
    // As if another socket had gone in the same moment.
    expect(inspector.inspect([api, web], routine)).toEqual([]);
    expect(inspector.inspect([api, web], routine)).toEqual([]);
    expect(inspector.inspect([api, web], routine)).toMatchObject([{ kind: 'ghost' }]);
    // What was found is looked at again each time.
    expect(inspector.inspect([api, web], routine)).toMatchObject([{ kind: 'ghost' }]);
  });

  it.each([
    ['somebody waits for it', () => inspector.inspect([api, web])],
    [
      'the number is another',
      () => {
        machine.count = '4';
        return inspector.inspect([api, web], { routine: true });
      },
    ],
    ['it is about others', () => inspector.inspect([api], { routine: true })],
    [
      'the system does not count',
      () => {
        machine.count = undefined;
        return inspector.inspect([api, web], { routine: true });
      },
    ],
  ])('is made where %s', (_, again) => {
    machine.count = '3';
    inspector.inspect([api, web]);
    machine.sockets.push({ id: 'g', address: '::1', port: 20_001, user: 1000, pids: [300] });
    expect(again()).toMatchObject([{ kind: 'ghost' }]);
  });

  it('names who listens on another address of the port', () => {
    machine.sockets.push({ id: 'g', address: '::1', port: 20_001, user: 1000, pids: [300] });
    expect(inspector.inspect([api, web])).toEqual([
      {
        kind: 'ghost',
        marker: 'run.api.1',
        port: 'http',
        number: 20_001,
        holder: { pid: 300, address: '::1', command: 'program 300', cwd: '/home/300' },
        later: true,
      },
    ]);
  });

  it('names the service whose instance it is, if it is one', () => {
    machine.sockets.push({ id: 'g', address: '::1', port: 20_001, user: 1000, pids: [200] });
    expect(inspector.inspect([api, web])).toMatchObject([{ kind: 'ghost', label: 'web of shop' }]);
  });

  it('sees a ghost that comes later, and that it went', () => {
    expect(inspector.inspect([api])).toEqual([]);
    machine.sockets.push({ id: 'g', address: '::1', port: 20_001, user: 1000, pids: [300] });
    expect(inspector.inspect([api])).toMatchObject([{ kind: 'ghost', holder: { pid: 300 } }]);
    machine.sockets.pop();
    expect(inspector.inspect([api])).toEqual([]);
  });

  it('says what it cannot identify', () => {
    machine.sockets.push({ id: 'u', address: '0.0.0.0', port: 20_001, user: 33, pids: [] });
    expect(inspector.inspect([api])).toEqual([
      {
        kind: 'unknown',
        marker: 'run.api.1',
        port: 'http',
        number: 20_001,
        address: '0.0.0.0',
        user: 33,
      },
    ]);
  });

  it('says nothing of what was gone at the second look', () => {
    machine.sockets.push({ id: 'g', address: '::1', port: 20_001, user: 1000, pids: [300] });
    const list = machine.listListeners.bind(machine);
    let looks = 0;
    machine.listListeners = () => {
      looks += 1;
      if (looks === 2) machine.sockets.pop();
      return list();
    };
    expect(inspector.inspect([api])).toEqual([]);
  });

  it('forgets who had a socket that is gone: its number may be given to another one', () => {
    const [socket] = machine.sockets;
    if (socket === undefined) throw new Error('nothing listens');
    inspector.inspect([api]);
    machine.sockets = [];
    inspector.inspect([api]);
    machine.processes.push(facts(900, 1));
    machine.sockets = [{ ...socket, pids: [900] }];
    expect(inspector.inspect([api])).toMatchObject([{ kind: 'ghost', holder: { pid: 900 } }]);
  });

  it.each([
    ['Wed Nov 25 09:12:03 2026', 'Wed Nov 25 09:12:01 2026', true],
    ['Wed Nov 25 09:12:01 2026', 'Wed Nov 25 09:12:03 2026', false],
    ['Wed Nov 25 09:12:01 2026', 'Wed Nov 25 09:12:01 2026', true],
    ['1000', '999', true],
    ['999', '1000', false],
  ])('says whether a ghost of %s came later than the instance of %s', (ghost, own, later) => {
    const instance = { ...api.instance, startTime: own };
    machine.processes = [
      { ...facts(100, 1), startTime: own },
      { ...facts(900, 1), startTime: ghost },
    ];
    machine.sockets = [{ id: 'other', address: '127.0.0.1', port: 20_001, user: 0, pids: [900] }];
    expect(inspector.inspect([{ ...api, instance }])).toMatchObject([{ kind: 'ghost', later }]);
  });

  it('remembers descendants whose parents are gone', () => {
    machine.processes.push(facts(102, 101));
    expect(inspector.inspect([api])).toEqual([]);
    machine.processes = [facts(100, 50), facts(102, 1), facts(300, 1)];
    machine.sockets.push({ id: 'n', address: '::1', port: 20_001, user: 1000, pids: [102] });
    expect(inspector.inspect([api])).toEqual([]);
  });

  it('reads a marker once: a program may overwrite its own', () => {
    machine.processes.push(facts(102, 1));
    machine.markers[102] = 'run.api.1';
    machine.sockets[0]!.pids = [102];
    expect(inspector.inspect([api])).toEqual([]);
    machine.markers[102] = 'gone';
    machine.sockets[0] = { ...machine.sockets[0]!, id: 'a2' };
    expect(inspector.inspect([api])).toEqual([]);
  });

  it('takes nothing from one instance of a service for the next', () => {
    expect(inspector.inspect([api])).toEqual([]);
    const next: Claim = { ...api, instance: { pid: 400, startTime: '400', marker: 'run.api.2' } };
    machine.processes.push(facts(400, 50));
    expect(inspector.inspect([next])).toMatchObject([
      { kind: 'ghost', marker: 'run.api.2', holder: { pid: 101 } },
    ]);
  });
});

describe('a service that is followed', () => {
  const followed: Claim = { ...api, ports: [{ name: 'http', number: 20_001, given: 20_005 }] };

  it('is seen on the number that it was given as soon as it listens there, too', () => {
    inspector.inspect([followed]);
    expect(inspector.sightings).toMatchObject([{ listening: ['http'], opened: [] }]);
    machine.sockets.push({ id: 'b', address: '127.0.0.1', port: 20_005, user: 1000, pids: [101] });
    expect(inspector.inspect([followed])).toEqual([]);
    expect(inspector.sightings).toMatchObject([
      { listening: ['http'], opened: [{ number: 20_005, address: '127.0.0.1', pid: 101 }] },
    ]);
  });

  it('is not where somebody else listens on that number', () => {
    machine.sockets.push({ id: 'b', address: '127.0.0.1', port: 20_005, user: 1000, pids: [300] });
    inspector.inspect([followed]);
    expect(inspector.sightings).toMatchObject([{ listening: ['http'], opened: [] }]);
  });
});

describe('a service that listens elsewhere', () => {
  it('is told from one that shares the number with somebody else', () => {
    machine.sockets = [
      { id: 'x', address: '127.0.0.1', port: 3000, user: 1000, pids: [101] },
      { id: 'y', address: '::1', port: 3000, user: 1000, pids: [300] },
      { id: 'z', address: '127.0.0.1', port: 3001, user: 1000, pids: [101] },
    ];
    expect(inspector.inspect([api])).toMatchObject([
      {
        kind: 'elsewhere',
        opened: [
          { number: 3000, shared: true },
          { number: 3001, address: '127.0.0.1', pid: 101 },
        ],
      },
    ]);
  });

  beforeEach(() => {
    machine.sockets[0] = { id: 'a', address: '127.0.0.1', port: 3000, user: 1000, pids: [101] };
  });

  it('is told which ports it opened', () => {
    machine.sockets.push({ id: 'i', address: '127.0.0.1', port: 9229, user: 1000, pids: [100] });
    expect(inspector.inspect([api, web])).toEqual([
      {
        kind: 'elsewhere',
        marker: 'run.api.1',
        port: 'http',
        number: 20_001,
        opened: [
          { number: 3000, address: '127.0.0.1', pid: 101 },
          { number: 9229, address: '127.0.0.1', pid: 100 },
        ],
      },
    ]);
  });

  it('is not, once it listens on its own port', () => {
    expect(inspector.inspect([api])).toHaveLength(1);
    machine.sockets.push({ id: 'b', address: '::1', port: 20_001, user: 1000, pids: [101] });
    expect(inspector.inspect([api])).toEqual([]);
  });

  it('costs no more than the socket table while it opens no port at all', () => {
    machine.sockets.shift();
    inspector.inspect([api, web]);
    const before = structuredClone(machine.asked);
    inspector.inspect([api, web]);
    expect(machine.asked).toEqual({ ...before, tables: before.tables + 1 });
  });
});
