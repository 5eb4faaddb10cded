/** The tables that the README quotes. Pure. */
import { spreadOf, type Verdict } from '../statistics.ts';
import { METRICS, type Metric } from './metrics.ts';
import { outcomesOf, type Outcome, type Result } from './result.ts';

const VERDICTS: Readonly<Record<Verdict, string>> = {
  met: 'met',
  open: 'not met, within the noise',
  missed: '**missed**',
  few: 'too few rounds',
};

export function renderMarkdown(result: Result): string {
  return [
    `Measured on ${result.date} (${result.commit}): ${result.machine}. The proxy has one core, load and backend the ` +
      `rest; ${result.rounds} rounds in alternating order; median (least–most).${explainP50(result)}`,
    renderMeasurements(result),
    ...result.absent.map(({ name, absent }) => `${name} was not measured: ${absent}.`),
    'portramp ÷ the other, round by round; the interval is that of the median, 95 %. Missed is what lies beyond its ' +
      'target with all of it.',
    renderTargets(outcomesOf(result)),
    ...renderIdle(result),
  ]
    .join('\n\n')
    .concat('\n');
}

const explainP50 = ({ series }: Result): string =>
  'latencyAsleep' in series
    ? ' For the p50 all cores are kept awake: to wake one takes a virtual machine longer than a proxy takes for a request.'
    : '';

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, index) => (index === 0 ? '---' : '--:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

function renderMeasurements({ peers, series }: Result): string {
  const metrics = METRICS.filter(({ name }) => name in series);
  return table(
    ['', ...metrics.map(({ title, unit }) => `${title} (${unit})`)],
    peers.map(({ name, runtime }) => [
      name === 'direct' ? '_no proxy_' : runtime,
      ...metrics.map((metric) => cellOf(metric, series[metric.name]?.[name])),
    ]),
  );
}

function cellOf({ scale = 1, digits }: Metric, values: readonly number[] | undefined): string {
  if (values === undefined) return '–';
  const { median, least, most } = spreadOf(values);
  const [middle, low, high] = [median, least, most].map((value) => numberOf(value / scale, digits));
  return `${middle} (${low}–${high})`;
}

const numberOf = (value: number, digits: number): string =>
  value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });

const renderTargets = (outcomes: readonly Outcome[]): string =>
  table(
    ['', 'against', 'target', 'median', 'interval', ''],
    outcomes.map(({ target: { title, against, sense, bound }, ratio, verdict }) => [
      title,
      against,
      `${sense === '>=' ? '≥' : '≤'} ${bound}`,
      numberOf(ratio.median, 2),
      Number.isFinite(ratio.high) ? `${numberOf(ratio.low, 2)}–${numberOf(ratio.high, 2)}` : '–',
      VERDICTS[verdict],
    ]),
  );

const renderIdle = ({ idle }: Result): string[] =>
  idle === undefined
    ? []
    : [
        `${numberOf(idle.connections, 0)} idle connections, half of them WebSockets and half event streams, cost the ` +
          `daemon ${idle.cpu} ms of CPU in ${idle.seconds} s; without any it took ${idle.cpuWithout} ms.`,
      ];
