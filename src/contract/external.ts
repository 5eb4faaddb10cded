import type { ExternalService } from './contract.ts';

export type ExternalTarget = ExternalService['target'];

/**
 * `https://billing.example.com`, `http://host:8080` or `host:5432` → where that is. Undefined for anything else:
 * a path, a query or a user cannot be routed to.
 */
export function parseExternal(text: string): ExternalTarget | undefined {
  const match = /^(?:(https?):\/\/)?(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?\/?$/i.exec(text);
  const host = match?.[2];
  if (host === undefined) return undefined;
  const scheme = match?.[1]?.toLowerCase();
  const protocol = scheme === 'http' || scheme === 'https' ? scheme : 'tcp';
  const port = match?.[3] === undefined ? DEFAULT_PORTS[protocol] : Number(match[3]);
  if (port === undefined || port < 1 || port > 65_535) return undefined;
  return { protocol, host: host.replace(/^\[|\]$/g, '').toLowerCase(), port };
}

const DEFAULT_PORTS: Readonly<Record<ExternalTarget['protocol'], number | undefined>> = {
  http: 80,
  https: 443,
  tcp: undefined,
};
