/** What `portramp dev` prints: a renderer of the runner's events, plain lines from top to bottom. */
import type { PublishedService } from '../../protocol/messages.ts';
import type { RunnerEvent } from '../../stack/events.ts';
import { renderDiagnostics } from '../../check/report/report.ts';
import { color, hasColor, notice, print } from '../terminal.ts';
import { logPrinter } from './logs.ts';
import { renderServices } from './stacks.ts';

export interface ViewOptions {
  /** Whether the lines of the services are shown too. */
  readonly logs: boolean;
}

export function createView(options: ViewOptions): (event: RunnerEvent) => void {
  const showLine = logPrinter([]);
  return (event) => {
    switch (event.type) {
    }
  };
}
