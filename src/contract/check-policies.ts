/** Starts, stops and inputs: what the schema cannot say about them. */
import type { Problem } from './issues.ts';
import type { ServiceFields } from './schema-service.ts';
import type { Path } from './tree.ts';

export function checkPolicies(service: ServiceFields, path: Path): Problem[] {
  const { start, idle, ports, run, inputs, stop = {}, kind } = service;
  const problems: Problem[] = [];
  const report = (field: string, message: string, hint: string): void => {
    problems.push({ path: [...path, ...field.split('.')], at: 'key', message, hint });
  };
  if (idle !== undefined && start !== 'request' && kind !== 'task') {
    report('idle', 'a service that was stopped for being idle would never start again', 'add start: request');
  }
  if (start === 'request' && ports === false) {
    report('start', 'a service without ports can be requested by nobody', 'write start: manual');
  }
  if (inputs !== undefined && kind === 'task' && run !== 'changed') {
    report('inputs', '"inputs" does nothing for a task that does not ask for them', 'write run: changed');
  }
  const [, second] = (['signal', 'command', 'stdin'] as const).filter((way) => stop[way] !== undefined);
  if (second !== undefined) {
    report(`stop.${second}`, 'a service is stopped in one way', 'keep one of signal, command and stdin');
  }
  return problems;
}
