/** How a service comes up, is kept up and goes down: from checked fields, defaults filled in. */
import type { Readiness, RestartPolicy, StopPolicy, TransitionPolicy } from './contract.ts';
import { parseDuration } from './duration.ts';
import type { ContractFields } from './schema.ts';
import type { ServiceFields } from './schema-service.ts';

type Defaults = NonNullable<ContractFields['defaults']>;

/** Milliseconds. */
const DEFAULT_INTERVAL = 250;
const DEFAULT_STOP_TIMEOUT = 10_000;
const DEFAULT_DRAIN = { replace: 1_000, handoff: 10_000, rolling: 10_000 } as const;

const DEFAULT_ATTEMPTS = 5;

export function buildReadiness(fields: ServiceFields, defaults: Defaults): Readiness {
  const { http, tcp, log, exec, file, port, interval, timeout } = fields.ready ?? {};
  const pace = {
    interval: milliseconds(interval ?? defaults.ready?.interval) ?? DEFAULT_INTERVAL,
    ...(timeout === undefined ? {} : { timeout: milliseconds(timeout) }),
  };
  if (http !== undefined) return { kind: 'http', path: http, port, ...pace };
  if (log !== undefined) return { kind: 'log', pattern: log, ...pace };
  if (tcp !== undefined) return { kind: 'tcp', port: tcp === true ? port : tcp, ...pace };
  if (exec !== undefined) return { kind: 'exec', command: exec, ...pace };
  if (file !== undefined) return { kind: 'file', path: file, ...pace };
  return { kind: 'default', ...pace };
}

export const buildRestart = (fields: ServiceFields, defaults: Defaults): RestartPolicy => ({
  policy: fields.restart?.policy ?? defaults.restart?.policy ?? 'on-failure',
  max: fields.restart?.max ?? defaults.restart?.max ?? DEFAULT_ATTEMPTS,
});

export function buildStop({ stop: own = {} }: ServiceFields, { stop: shared = {} }: Defaults): StopPolicy {
  const saysHow = own.signal ?? own.command ?? own.stdin;
  const { signal = 'SIGTERM', command, stdin } = saysHow === undefined ? shared : own;
  const timeout = milliseconds(own.timeout ?? shared.timeout) ?? DEFAULT_STOP_TIMEOUT;
  return {
    signal,
    timeout,
    ...(command === undefined ? {} : { command }),
    ...(stdin === undefined ? {} : { stdin }),
  };
}

export function buildTransition({ transition = {} }: ServiceFields): TransitionPolicy {
  const { strategy = 'replace', drainTimeout, onUnready = 'rollback', onConflict = 'fail' } = transition;
  return {
    strategy,
    drainTimeout: milliseconds(drainTimeout) ?? DEFAULT_DRAIN[strategy],
    onUnready,
    onConflict,
  };
}

export const milliseconds = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : parseDuration(text);
