/** What `portramp dev` prints: a renderer of the runner's events, plain lines from top to bottom. */
import { renderDiagnostics } from '../../check/report.ts';
import type { Change } from '../../plan/plan.ts';
import type { PublishedService } from '../../protocol/messages.ts';
import type { RunnerEvent } from '../../stack/events.ts';
import { describeHolder } from '../../lib/holder.ts';
import type { LogLine } from '../../stack/logs/line.ts';
import { color, hasColor, isBehind, notice, print } from '../terminal.ts';
import { lead } from '../way.ts';
import { logPrinter } from './logs.ts';
import { statusOf, type Status } from '../../protocol/status.ts';
import { createCauses } from './causes.ts';
import { describeService, paintStatus, renderServices } from './stacks.ts';

export interface ViewOptions {
  readonly root: string;
  /** Whether the lines of the services are shown too. */
  readonly logs: boolean;
  /** Whether it shows how all services are, and what is wrong with one, or leaves that to its caller. */
  readonly summaries: boolean;
}

export function createView(options: ViewOptions): (event: RunnerEvent) => void {
  let showLine = logPrinter([]);
  const states = new Map<string, string>();
  const causes = createCauses();

  const showService = (service: PublishedService): void => {
    const told = causes.tell(service);
    const text = lead(`${paintStatus(service)} ${told ?? describeService(service)}`.trimEnd());
    // Not everything that is published changes what a person sees.
    if (states.get(service.name) === text) return;
    states.set(service.name, text);
    const status = statusOf(service);
    if (status === 'failed' && !options.summaries) return;
    if (TOLD.includes(status)) showLine({ service: service.name, stream: 'stdout', text });
  };

  let unseen = 0;
  /** What a terminal that stands still cannot show is in the log files. */
  const showUnlessBehind = (line: LogLine): void => {
    if (isBehind()) {
      unseen += 1;
      return;
    }
    if (unseen > 0) notice(color.dim(`${unseen} lines were not shown meanwhile: "portramp logs" has them`));
    unseen = 0;
    showLine(line);
  };

  return (event) => {
    switch (event.type) {
      case 'prepared':
        showLine = logPrinter(event.services.map((service) => service.name));
        if (!options.summaries) return;
        print(`${color.bold(event.slug)}  ${color.dim(event.root)}`);
        print(`${lead(renderServices(event.services))}\n`);
        return;
      case 'service':
        showService(event.service);
        return;
      case 'line':
        // An empty line only separates lines of the same service; among those of others it is noise.
        if (options.logs && event.line.text.trim() !== '') showUnlessBehind(event.line);
        return;
      case 'notice':
        // Those about one service are among its lines.
        if (event.service === undefined) causes.note(event.text);
        if (event.service === undefined) notice(`${color.yellow('portramp')} ${event.text}`);
        else if (!options.logs) notice(`${color.yellow('portramp')} ${event.service}: ${event.text}`);
        return;
      case 'reassigned':
        notice(`${color.yellow('portramp')} ${describeMove(event)}`);
        return;
      case 'followed':
        notice(`${color.yellow('portramp')} ${describeFollow(event)}`);
        return;
      case 'applied':
        print(lead(describeChanges(event.changes)));
        return;
      case 'refused':
        notice(renderDiagnostics(event.diagnostics, { format: 'text', root: options.root, color: hasColor }));
        notice(color.dim('The edit was not applied; everything runs on as it was.'));
        return;
      case 'settled':
        if (options.summaries) print(`\n${lead(renderServices(event.services))}\n`);
        return;
    }
  };
}

type Moved = Extract<RunnerEvent, { type: 'reassigned' }>;

function describeMove({ service, port, from, lease, holder }: Moved): string {
  const who = holder === undefined ? 'somebody' : describeHolder(holder);
  return `${service}.${port} moved from port ${from}, which ${who} holds, to ${lease.number}; its consumers start again`;
}

type Followed = Extract<RunnerEvent, { type: 'followed' }>;

const describeFollow = ({ service, port, from, to, line }: Followed): string =>
  from === to
    ? `${service}.${port} is back on its port ${from}`
    : `${service}.${port} listens on ${to} in place of ${from}; portramp follows${line === undefined ? '' : ` (where that is to be expected, ${line})`}`;

/** What is worth a line; the others are on their way to one of these. */
const TOLD: readonly Status[] = ['ready', 'running', 'misplaced', 'unwell', 'restarting', 'failed', 'done'];

const IMPACTS: Record<Change['impact'], string> = {
  none: 'goes on',
  reroute: 'goes on, other names',
  restart: 'restarts',
};

/** What goes on was started with the names of before: whether that matters, nobody can see. */
const describeImpact = (service: string, { fields, impact }: Pick<Change, 'fields' | 'impact'>): string =>
  impact === 'reroute' && fields.some((field) => field.startsWith('env.'))
    ? `${IMPACTS.reroute}; "portramp restart ${service}" tells it the new ones`
    : IMPACTS[impact];

function describeChanges(changes: readonly Change[]): string {
  if (changes.length === 0) return `${color.green('applied')} nothing has changed`;
  return changes
    .map(({ kind, service, fields, impact }) => {
      const what =
        kind === 'changed'
          ? `changed (${fields.join(', ')}): ${describeImpact(service, { fields, impact })}`
          : kind;
      return `${color.green('applied')} ${color.bold(service)} ${what}`;
    })
    .join('\n');
}
