/** What to write where the certificate of an external service is not believed. Pure. */

/**
 * @param message of the error that Node reports
 * @returns undefined where it is not about a certificate
 */
export function certificateHint(service: string, message: string): string | undefined {
  if (!/certificate|altnames/i.test(message)) return undefined;
  const field = /altnames/i.test(message) ? 'serverName: NAME' : 'ca: FILE.pem';
  return `write in portramp.yaml: services.${service}.tls: { ${field} }, or { verify: false } to believe any`;
}
