import { describe, expect, it } from 'vitest';

import { readEnvText } from '../../../src/compose/env-text.ts';
import { READ, REFUSED_ENV } from './env-texts.ts';

const SHELL = { SHELLV: 'shell', NOT_SET: undefined };

describe('readEnvText', () => {
  it.each(READ)('reads %j as Compose does', (text, a, b) => {
    const { values, problem } = readEnvText(text, SHELL);
    expect(problem).toBeUndefined();
    expect({ a: values['A'] ?? 'unset', b: values['B'] ?? 'unset' }).toEqual({ a, b });
  });

  it.each(REFUSED_ENV)('refuses %j as Compose does', (text) => {
    expect(readEnvText(text, SHELL).problem).toMatch(/^line 1: ./);
  });

  it('names the line of a mistake, and keeps what stands before it', () => {
    expect(readEnvText('A=1\n\n# c\nB="x\ny"\nC="z\n', SHELL)).toEqual({
      values: { A: '1', B: 'x\ny' },
      problem: 'line 6: the quote " is not closed',
    });
  });

  it('lets variables that are set already count more in values', () => {
    expect(readEnvText('SHELLV=file\nA=$SHELLV', SHELL).values).toEqual({ SHELLV: 'file', A: 'shell' });
  });

  it('knows the escapes of double quotes', () => {
    expect(readEnvText('A="\\a\\b\\c\\f\\v\\0101\\0"').values['A']).toBe('\u0007\b\f\vA\u0000');
  });
});
