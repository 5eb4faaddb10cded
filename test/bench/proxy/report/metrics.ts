/** What is measured, and how good it has to be. */
import type { Bound } from '../statistics.ts';

export interface Metric {
  readonly name: string;
  /** The head of its column. */
  readonly title: string;
  readonly unit: string;
  /** What one unit is of what was measured. */
  readonly scale?: number;
  readonly digits: number;
}

export const METRICS: readonly Metric[] = [
  { name: 'rate', title: 'small responses, 32 connections', unit: 'req/s', digits: 0 },
  { name: 'cpu', title: 'CPU per request', unit: 'µs', digits: 1 },
  { name: 'large', title: '1 MiB, 8 connections', unit: 'MiB/s', digits: 0 },
  { name: 'page', title: 'page of 1,500 modules, 6 connections', unit: 'ms', digits: 0 },
  { name: 'latency', title: 'p50, 1 connection', unit: 'µs', digits: 0 },
  { name: 'latencyAsleep', title: 'p50, cores asleep in between', unit: 'µs', digits: 0 },
  { name: 'memory', title: 'idle WebSocket', unit: 'KiB', scale: 1_024, digits: 1 },
];

/** portramp's value divided by that of `against`, round by round. */
export interface Target extends Bound {
  readonly metric: string;
  readonly title: string;
  readonly against: string;
}

const targets = (
  metric: string,
  title: string,
  sense: Bound['sense'],
  bounds: Readonly<Record<string, number>>,
): Target[] => Object.entries(bounds).map(([against, bound]) => ({ metric, title, against, sense, bound }));

/** The name under which the few routes are measured. */
export const FEW_ROUTES = '10 routes';

export const TARGETS: readonly Target[] = [
  ...targets('rate', 'small responses, req/s', '>=', {
    'http-proxy': 5,
    portless: 10,
    caddy: 3,
    nginx: 0.65,
  }),
  ...targets('large', '1 MiB', '>=', { 'http-proxy': 1.6, nginx: 1 }),
  ...targets('page', 'page of 1,500 modules, time', '<=', {
    'http-proxy': 0.3,
    portless: 0.16,
    caddy: 0.45,
    nginx: 1.4,
  }),
  ...targets('added', 'added p50 at 1 connection', '<=', {
    'http-proxy': 0.45,
    portless: 0.35,
    caddy: 0.6,
    nginx: 1.35,
  }),
  ...targets('cpu', 'CPU per request', '<=', { nginx: 1.5 }),
  ...targets('memory', 'memory per idle WebSocket', '<=', { 'http-proxy': 0.65, nginx: 1 }),
  ...targets('routes', '10,000 routes, req/s', '>=', { [FEW_ROUTES]: 0.95 }),
];
