import type { Contract } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import { isOverlapping, spanText } from '../../contract/ranges.ts';
import type { Span } from '../../lib/port-range.ts';
import type { Rule } from './rule.ts';

export const PR005: Rule = {
  id: 'PR005',
  severity: 'warning',
  title: "a range overlaps the system's ephemeral range",
  reasoning:
    'For every outgoing connection the system takes a local port: from 32768-60999 on Linux, ' +
    '49152-65535 on macOS and Windows. While it lasts, nobody can listen on that number. A range ' +
    'that reaches into these bands gives numbers that are taken at times, for seconds, by nobody who ' +
    'can be named: keep it below 32768.',
  find: ({ contract }) => findEphemeral(contract),
};

/** `net.ipv4.ip_local_port_range` as Linux ships it; RFC 6335 §6 for the others. */
const EPHEMERAL: readonly (Span & { readonly system: string })[] = [
  { from: 32_768, to: 60_999, system: 'Linux' },
  { from: 49_152, to: 65_535, system: 'macOS and Windows' },
];

const findEphemeral = ({ ranges }: Contract): Finding[] =>
  [...ranges].flatMap(([name, range]) => {
    const met = EPHEMERAL.filter((band) => isOverlapping(band, range));
    if (met.length === 0) return [];
    const bands = met.map((band) => `${spanText(band)} (${band.system})`).join(' and ');
    return [
      {
        at: ['ranges', name],
        message: `the range ${spanText(range)} of ${name} overlaps the ephemeral ports ${bands}`,
        hint: 'stay below 32768',
      },
    ];
  });
