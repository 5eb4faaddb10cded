import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { parseCores } from '../../bench/proxy/cores.ts';
import { readReport } from '../../bench/proxy/loads/h2load.ts';
import { parseOptions } from '../../bench/proxy/options.ts';
import { renderMarkdown } from '../../bench/proxy/report/markdown.ts';
import { outcomesOf, type Result } from '../../bench/proxy/report/result.ts';
import { orderOf } from '../../bench/proxy/scenarios/stage.ts';

const nine = (value: number): number[] => Array.from({ length: 9 }, () => value);

const result: Result = {
  version: 1,
  date: '2026-11-25',
  commit: 'abcdef0',
  machine: '2 × a processor',
  rounds: 9,
  peers: [
    { name: 'portramp', runtime: 'portramp 1.0.0, Node 20' },
    { name: 'nginx', runtime: 'nginx 1.22.1' },
    { name: 'direct', runtime: 'no proxy' },
  ],
  absent: [{ name: 'caddy', absent: 'apt-get install caddy' }],
  series: {
    rate: { portramp: nine(30_000), nginx: nine(50_000), direct: nine(100_000) },
    latency: { portramp: nine(130), nginx: nine(110), direct: nine(30) },
    routes: { portramp: nine(95), '10 routes': nine(100) },
  },
  idle: { connections: 2_000, seconds: 60, cpu: 20, cpuWithout: 10 },
};

describe('outcomes', () => {
  it('are of targets against peers that were measured', () => {
    const found = outcomesOf(result).map(({ target: { metric, against }, ratio, verdict }) => [
      metric,
      against,
      ratio.median,
      verdict,
    ]);
    expect(found).toEqual([
      ['rate', 'nginx', 0.6, 'missed'],
      // (130 − 30) ÷ (110 − 30)
      ['added', 'nginx', 1.25, 'met'],
      ['routes', '10 routes', 0.95, 'met'],
    ]);
  });
});

describe('the report', () => {
  const text = renderMarkdown(result);

  it('has a row for each peer and for none, with its runtime', () => {
    expect(text).toContain(
      '| portramp 1.0.0, Node 20 | 30,000 (30,000–30,000) | 130 (130–130) |\n' +
        '| nginx 1.22.1 | 50,000 (50,000–50,000) | 110 (110–110) |\n' +
        '| _no proxy_ | 100,000 (100,000–100,000) | 30 (30–30) |\n',
    );
  });

  it('says when, where, what was missed, and who is missing', () => {
    expect(text).toContain('2026-11-25 (abcdef0): 2 × a processor');
    expect(text).toContain('| small responses, req/s | nginx | ≥ 0.65 | 0.60 | 0.60–0.60 | **missed** |');
    expect(text).toContain('caddy was not measured: apt-get install caddy.');
    expect(text).toContain('cost the daemon 20 ms of CPU in 60 s; without any it took 10 ms.');
  });

  it('tells how a p50 was measured where there are two', () => {
    expect(text).not.toContain('kept awake');
    const both = { ...result.series, latencyAsleep: { portramp: nine(230), nginx: nine(200) } };
    expect(renderMarkdown({ ...result, series: both })).toContain('For the p50 all cores are kept awake');
  });

  it('that is kept is that of the measurements that are kept', () => {
    const read = (name: string): string =>
      readFileSync(new URL(`../../bench/results/${name}`, import.meta.url), 'utf8');
    expect(read('proxy.md')).toBe(renderMarkdown(JSON.parse(read('proxy.json')) as Result));
  });
});

describe('a run', () => {
  it('alternates: everybody is first and last, and follows more than one', () => {
    const orders = Array.from({ length: 6 }, (_, round) => orderOf(['a', 'b', 'c'], round).join(''));
    expect(orders).toEqual(['abc', 'acb', 'cab', 'cba', 'bca', 'bac']);
  });

  it('is what is asked for', () => {
    expect(parseOptions([])).toMatchObject({
      rounds: 9,
      only: expect.not.arrayContaining(['idle']) as string[],
    });
    expect(parseOptions(['--quick', '--only', 'page'])).toEqual({
      rounds: 3,
      only: ['page'],
      peers: ['nginx'],
    });
    expect(() => parseOptions(['--only', 'pages'])).toThrow('pages is none of small, large');
    expect(() => parseOptions(['--rounds', 'x'])).toThrow('--rounds x');
  });

  it('reads the cores that it may use', () => {
    expect(parseCores('0-2,5')).toEqual([0, 1, 2, 5]);
    expect(parseCores('')).toEqual([]);
  });

  it('reads what h2load says', () => {
    const text = [
      'finished in 69.96ms, 457.38 req/s, 28.59MB/s',
      'status codes: 32 2xx, 0 3xx, 0 4xx, 0 5xx',
      'traffic: 2.00MB (2101984) total, 3.53KB (3616) headers (space savings 0.00%), 2.00MB (2097152) data',
    ].join('\n');
    expect(readReport(text)).toEqual({ succeeded: 32, bytes: 2_097_152, rate: 457.38 });
  });
});
