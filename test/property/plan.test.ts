import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { diffServices } from '../../src/plan/diff.ts';
import { identOf, slugCandidates } from '../../src/plan/names.ts';
import { orderServices } from '../../src/plan/order-services.ts';
import { selectServices } from '../../src/plan/order.ts';
import type { Need } from '../../src/plan/plan.ts';
import { planOf, resolutionOf } from '../unit/plan/stack.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f'];
const graphs = fc
  .array(fc.subarray(names), { minLength: names.length, maxLength: names.length })
  .map((needs) => new Map(names.map((name, index) => [name, needs[index] ?? []])));

const services = fc
  .record({
    needs: graphs,
    optional: fc.boolean(),
    commands: fc.array(fc.constantFrom('x', 'y', '"run ${self.port}"'), { minLength: 6, maxLength: 6 }),
    hosts: fc.array(fc.constantFrom('', ', ports: false', ', ports: { tcp: { appProtocol: tcp } }'), {
      minLength: 6,
      maxLength: 6,
    }),
  })
  .map(({ needs, optional, commands, hosts }) => {
    const lines = names.map((name, index) => {
      const consumes = (needs.get(name) ?? []).map((need) => `{ service: ${need}, optional: ${optional} }`);
      return `  ${name}: { command: ${commands[index]}${hosts[index]}, consumes: [${consumes.join(', ')}] }`;
    });
    return `services:\n${lines.join('\n')}\n`;
  });

const asNeeds = (graph: ReadonlyMap<string, readonly string[]>): Map<string, Need[]> =>
  new Map(
    [...graph].map(([name, needs]) => [
      name,
      needs.map((service) => ({ service, optional: false, condition: 'ready' as const })),
    ]),
  );

/** The slow way to see whether a graph has a circle. */
function hasCycle(graph: ReadonlyMap<string, readonly string[]>): boolean {
  const reach = (from: string, seen: Set<string>): Set<string> => {
    for (const next of graph.get(from) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      reach(next, seen);
    }
    return seen;
  };
  return [...graph.keys()].some((name) => reach(name, new Set()).has(name));
}

describe('order', () => {
  it('holds every service once, providers first unless there is a circle', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const { order, cycles } = orderServices(asNeeds(graph));
        expect(order.toSorted()).toEqual(names);
        expect(cycles.length > 0).toBe(hasCycle(graph));
        for (const cycle of cycles) {
          cycle.forEach((name, index) => {
            expect(graph.get(name)).toContain(cycle[(index + 1) % cycle.length]);
          });
        }
        if (cycles.length > 0) return;
        for (const [name, needs] of graph) {
          for (const need of needs) expect(order.indexOf(need)).toBeLessThan(order.indexOf(name));
        }
      }),
    );
  });

  it('selects what is named with all that it needs, and nothing else', () => {
    fc.assert(
      fc.property(services, fc.subarray(names, { minLength: 1 }), (body, wanted) => {
        const { plan } = planOf(body);
        const selected = new Set(selectServices(plan, wanted).names);
        for (const name of wanted) expect(selected).toContain(name);
        for (const name of selected) {
          const isNeeded = [...plan.services.values()].some(
            (other) =>
              selected.has(other.name) && other.needs.some((need) => !need.optional && need.service === name),
          );
          expect(wanted.includes(name) || isNeeded).toBe(true);
          for (const need of plan.services.get(name)?.needs ?? []) {
            if (!need.optional) expect(selected).toContain(need.service);
          }
        }
      }),
    );
  });
});

describe('diff', () => {
  it('of a plan with itself is empty', () => {
    fc.assert(
      fc.property(services, (body) => {
        expect(diffServices(resolutionOf(body).services, resolutionOf(body).services)).toEqual([]);
      }),
    );
  });

  it('says the same about both directions', () => {
    const opposite = { added: 'removed', removed: 'added', changed: 'changed' } as const;
    fc.assert(
      fc.property(services, services, (before, after) => {
        const [a, b] = [resolutionOf(before).services, resolutionOf(after).services];
        const there = diffServices(a, b).map(({ service, kind, impact }) => `${service} ${kind} ${impact}`);
        const back = diffServices(b, a).map(
          ({ service, kind, impact }) => `${service} ${opposite[kind]} ${impact}`,
        );
        expect(there.toSorted()).toEqual(back.toSorted());
      }),
    );
  });
});

describe('names', () => {
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
  const claims = fc.record({
    workspace: label,
    root: fc.string(),
    main: fc.boolean(),
    branch: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
    environment: fc.oneof(fc.constant('dev'), label),
  });

  it('are distinct DNS labels, and identifiers from them', () => {
    fc.assert(
      fc.property(claims, (claim) => {
        const slugs = slugCandidates(claim);
        expect(new Set(slugs).size).toBe(slugs.length);
        for (const slug of slugs) {
          expect(slug).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
          expect(identOf(slug)).toMatch(/^[a-z0-9_]{1,40}$/);
        }
      }),
    );
  });

  it('never give a worktree the name of the main checkout', () => {
    fc.assert(
      fc.property(claims, (claim) => {
        const [main] = slugCandidates({ ...claim, main: true });
        expect(slugCandidates({ ...claim, main: false })).not.toContain(main);
      }),
    );
  });
});
