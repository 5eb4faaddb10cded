import { DEFAULT_RANGE, type PortRange, type Span } from '../lib/port-range.ts';
import type { RangeFields } from './schema-ranges.ts';

const SPAN = /^(\d{1,5})\s*-\s*(\d{1,5})$/;

/** `22000-22099`; undefined for text that is no span of ports. */
export function parseSpan(text: string): Span | undefined {
  const [, first, last] = SPAN.exec(text) ?? [];
  const span = { from: Number(first), to: Number(last) };
  return span.from >= 1 && span.from <= span.to && span.to <= 65_535 ? span : undefined;
}

export function buildRange({ from, to, static: kept, exclude = [] }: RangeFields): PortRange {
  const width = to - from + 1;
  return {
    from,
    to,
    static: kept ?? Math.min(DEFAULT_RANGE.static, Math.floor(width / 4)),
    exclude: exclude.flatMap((each) => {
      const span = typeof each === 'number' ? { from: each, to: each } : parseSpan(each);
      return span === undefined ? [] : [span];
    }),
  };
}

export const isWithin = (port: number, span: Span): boolean => port >= span.from && port <= span.to;

export const isOverlapping = (a: Span, b: Span): boolean => a.from <= b.to && b.from <= a.to;

/** The numbers at the start of the range that are kept for static ports; undefined where none are. */
export const staticPart = ({ from, static: kept }: PortRange): Span | undefined =>
  kept === 0 ? undefined : { from, to: from + kept - 1 };

/** The numbers that are leased. */
export const leasedPart = ({ from, to, static: kept }: PortRange): Span => ({ from: from + kept, to });

/** How many numbers can be leased: without excluded ones and those that are reserved. */
export function roomOf(range: PortRange, reserved: readonly number[] = []): number {
  const part = leasedPart(range);
  const taken = new Set(reserved.filter((port) => isWithin(port, part)));
  for (const span of range.exclude) {
    for (let port = Math.max(span.from, part.from); port <= Math.min(span.to, part.to); port += 1) {
      taken.add(port);
    }
  }
  return part.to - part.from + 1 - taken.size;
}

/** `20000-20127`, or one number. */
export const spanText = ({ from, to }: Span): string => (from === to ? `${from}` : `${from}-${to}`);
