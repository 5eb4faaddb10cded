/** A certificate of its own signing, made once for a test file. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** A file that holds both, in PEM form. */
  readonly file: string;
  remove(): void;
}

/** For `localhost` alone. @returns undefined, and says so, where openssl is not installed */
export function makeCertificate(): Certificate | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'portramp-certificate-'));
  const [key, cert, file] = [join(folder, 'key.pem'), join(folder, 'cert.pem'), join(folder, 'both.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject];
  try {
    execFileSync('openssl', [...request, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    execFileSync('sh', ['-c', 'cat "$1" "$2" > "$3"', 'sh', key, cert, file]);
  } catch {
    console.warn('skipped: openssl is not installed');
    rmSync(folder, { recursive: true });
    return undefined;
  }
  return {
    key: readFileSync(key, 'utf8'),
    cert: readFileSync(cert, 'utf8'),
    file,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
