import { describe, expect, it } from 'vitest';

import { parseContract } from '../../../src/contract/parse.ts';
import type { Contract } from '../../../src/contract/contract.ts';
import { createQueue } from '../../../src/lib/queue.ts';
import { createScales, type Scales } from '../../../src/stack/scales.ts';

const contract = (fields: string): Contract => {
  const text = `version: 1\nworkspace: shop\nservices:\n  api: { command: x${fields} }\n`;
  const parsed = parseContract([{ file: 'portramp.yaml', text }], 'dev').contract;
  if (parsed === undefined) throw new Error(text);
  return parsed;
};
const GONE = { ...contract(''), services: new Map() };

/** Scales to 3 beside the first contract, then has the others in turn. */
async function after(...contracts: readonly Contract[]): Promise<{ number: unknown; texts: string[] }> {
  let current = 0;
  const texts: string[] = [];
  const settle = (): void => {
    const [next] = contracts.slice(current);
    if (next !== undefined) texts.push(...scales.settle(next).map(({ text }) => text));
  };
  const scales: Scales = createScales(createQueue(), async () => settle());
  await scales.ask('api', 3);
  for (current = 1; current < contracts.length; current += 1) settle();
  return { number: scales.beside(contracts.at(-1) ?? GONE).get('api'), texts };
}

describe('a number of replicas that was asked for', () => {
  it.each<[string, string[]]>([
    ['an edit of something else', [', replicas: 2', ', replicas: 2, env: { A: b }']],
    ['an edit of something else where no number is written', ['', ', env: { A: b }']],
  ])('holds after %s', async (_name, fields) => {
    expect(await after(...fields.map(contract))).toEqual({ number: 3, texts: [] });
  });

  it('holds beside a service that is gone for a while', async () => {
    expect(await after(contract(', replicas: 2'), GONE, contract(', replicas: 2'))).toMatchObject({
      number: 3,
    });
  });

  it.each<[string, string[], number]>([
    ['another number', [', replicas: 2', ', replicas: 4'], 4],
    ['a number where none was', ['', ', replicas: 2'], 2],
    ['the number that it would have been anyway', ['', ', replicas: 1'], 1],
    ['none any more', [', replicas: 2', ''], 1],
  ])('gives way to an edit that writes %s', async (_name, fields, replicas) => {
    expect(await after(...fields.map(contract))).toEqual({
      number: undefined,
      texts: [`replicas ${replicas} by the contract (scale 3 no longer holds)`],
    });
  });

  it('gives way without a word to an edit that writes the same', async () => {
    const edits = [contract(', replicas: 2'), contract(', replicas: 3')];
    expect(await after(...edits)).toEqual({ number: undefined, texts: [] });
    expect((await after(...edits, contract(', replicas: 5'))).texts).toEqual([]);
  });

  it('is the one before when the next cannot be had', async () => {
    let fails = false;
    const scales: Scales = createScales(createQueue(), async () => {
      if (fails) throw new Error('no');
      scales.settle(contract(''));
    });
    await scales.ask('api', 3);
    fails = true;
    await expect(scales.ask('api', 4)).rejects.toThrow('no');
    expect(scales.beside(contract('')).get('api')).toBe(3);
    expect(scales.beside(contract(', replicas: 2')).get('api')).toBeUndefined();
  });
});
