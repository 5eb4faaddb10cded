/** What the fields of `ready` have to do with each other and with the ports of the service. */
import { explainPattern } from '../lib/pattern.ts';
import { suggest } from '../lib/suggest.ts';
import type { Problem } from './issues.ts';
import { portsOf } from './ports.ts';
import type { ServiceFields } from './schema-service.ts';
import type { Path } from './tree.ts';

/** `kind`: only what runs for long is looked at; the ports of a container are known when its project is read. */
export function checkReadiness(
  name: string,
  service: ServiceFields,
  kind: 'process' | 'task' | 'external' | 'compose',
  path: Path,
): Problem[] {
  const { ready } = service;
  if (ready === undefined || kind === 'task' || kind === 'external') return [];
  const problems: Problem[] = [];
  const [, second] = (['http', 'tcp', 'log', 'exec', 'file'] as const).filter(
    (probe) => ready[probe] !== undefined,
  );
  if (second !== undefined) {
    const message = 'a service has one way to tell that it is ready';
    problems.push({
      path: [...path, 'ready', second],
      at: 'key',
      message,
      hint: 'keep one of http, tcp, log, exec and file',
    });
  }
  if (ready.port !== undefined && ready.http === undefined && ready.tcp !== true) {
    const message = '"port" says which port http probes, and there is no http';
    problems.push({
      path: [...path, 'ready', 'port'],
      at: 'key',
      message,
      hint: 'write tcp: NAME, or add http: /path',
    });
  }
  if (ready.http !== undefined && !/^(\/|https?:\/\/|\$\{)/.test(ready.http)) {
    const message = 'this is neither a path nor a URL';
    problems.push({
      path: [...path, 'ready', 'http'],
      at: 'value',
      message,
      hint: `write http: /${ready.http}`,
    });
  }
  // A template becomes a pattern only when it is resolved.
  const wrong = ready.log === undefined || ready.log.includes('${') ? undefined : explainPattern(ready.log);
  if (wrong !== undefined) problems.push({ path: [...path, 'ready', 'log'], at: 'value', ...wrong });
  const inside =
    kind === 'compose' ? (['exec', 'file'] as const).find((probe) => ready[probe] !== undefined) : undefined;
  if (inside !== undefined) {
    const message = `"${inside}" does not look into a container`;
    const hint = 'write a healthcheck in the Compose file; it is used by itself';
    problems.push({ path: [...path, 'ready', inside], at: 'key', message, hint });
  }
  return kind === 'compose' ? problems : [...problems, ...checkProbedPort(name, service, path)];
}

function checkProbedPort(name: string, service: ServiceFields, path: Path): Problem[] {
  const { http, tcp, port } = service.ready ?? {};
  const known = portsOf(name, service).map((each) => each.name);
  const named = port ?? (typeof tcp === 'string' ? tcp : undefined);
  const field = port === undefined ? 'tcp' : 'port';
  if (named !== undefined) {
    if (known.includes(named)) return [];
    const nearest = suggest(named, known);
    const hint =
      nearest === undefined ? `its ports are: ${known.join(', ') || 'none'}` : `did you mean "${nearest}"?`;
    return [
      {
        path: [...path, 'ready', field],
        at: 'value',
        message: `${path.join('.')} has no port "${named}"`,
        hint,
      },
    ];
  }
  const probesOwnPort = tcp === true || (http !== undefined && !/^https?:|^\$\{/.test(http));
  if (!probesOwnPort || known.length > 0) return [];
  const message = `${path.join('.')} has no port that could be probed`;
  return [
    {
      path: [...path, 'ready', tcp === true ? 'tcp' : 'http'],
      at: 'key',
      message,
      hint: 'declare a port, or use log',
    },
  ];
}
