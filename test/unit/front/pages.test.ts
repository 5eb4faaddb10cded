import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { answer } from '../../../src/front/answer.ts';
import * as notices from '../../../src/front/notices.ts';
import { renderPage } from '../../../src/front/pages.ts';
import type { Match, RouteFailure } from '../../../src/front/table.ts';
import { statusOf } from '../../../src/proxy/replies.ts';
import { headOf, NAVIGATION } from './head.ts';

const match = (name: string): Match => {
  const route = {
    host: 'web.shop.localhost',
    service: name,
    port: 'http',
    route: { state: 'warming' as const },
  };
  return { stack: { slug: 'shop', key: 'k', label: `shop (${name})`, routes: [route] }, route };
};

/** Every notice, with this text wherever something comes from outside. */
const all = (text: string): notices.Notice[] => {
  const failure: RouteFailure = { message: text, hint: text, exitCode: 1, signal: text, log: [text, text] };
  const target = { protocol: 'http', host: text, port: 1 } as const;
  return [
    notices.starting(match(text)),
    notices.failed(match(text), failure),
    notices.stopped(match(text)),
    notices.unreachable(match(text), target, new Error(text)),
    notices.loop(text, match(text)),
    notices.unknownHost(text, text),
    notices.resting(text, { slug: 's', label: text, root: text, environment: text, hosts: [] }),
    notices.unroutedPath(text, match(text).stack),
    notices.foreignPage(headOf('a'), match(text), text),
    notices.speaksTls(match(text), target),
    notices.expected(text),
    notices.FOREIGN_HOST,
    notices.MALFORMED_HOST,
    notices.CROWDED,
    notices.CLOSING,
    notices.BROKEN,
  ];
};

const tagsOf = (page: string): string[] => page.match(/<[^>]*>/g) ?? [];

describe('a page', () => {
  it('is small, whole in itself and without scripts', () => {
    for (const notice of all('x'.repeat(100_000))) {
      const page = renderPage({ ...notice, log: notice.log && Array(500).fill('&'.repeat(1_000)) }, true);
      expect(Buffer.byteLength(page)).toBeLessThan(20_000);
      expect(page).not.toMatch(/<script|<link|<img|src=|@import|url\(/);
    }
  });

  it('weighs less than 20 KB with the longest log', () => {
    const log = Array.from({ length: 500 }, () => 'x'.repeat(1_000));
    const notice = notices.failed(match('web'), { message: 'exited with code 1', log });
    expect(notice.message).toMatch(/^The service web of .* failed: exited with code 1\.$/);
    expect(Buffer.byteLength(renderPage(notice, true))).toBeLessThan(20_000);
  });

  it('lets nothing from outside become markup', () => {
    const plain = all('plain').map((notice) => tagsOf(renderPage(notice, true)).length);
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', 'a', '/', ' ', '\n', '\u001B') }),
        (text) => {
          const tags = all(`${text}.`).map((notice) => tagsOf(renderPage(notice, true)).length);
          expect(tags).toEqual(plain);
        },
      ),
    );
  });

  it('looks again only where that helps, and never for a form', () => {
    const starting = notices.starting(match('web'));
    expect(renderPage(starting, true)).toContain('http-equiv="refresh" content="1"');
    expect(renderPage(starting, false)).not.toContain('refresh');
    expect(renderPage(notices.FOREIGN_HOST, true)).not.toContain('refresh');
  });

  it('shows the end of a log without the colours of a terminal', () => {
    const log = [
      'old',
      ...Array.from({ length: 40 }, (_, index) => `\u001B[1;31mline ${index}\u001B[0m\u0007`),
    ];
    const page = renderPage(notices.failed(match('web'), { message: 'x', log }), true);
    expect(page).not.toContain('old\n');
    expect(page).toContain('<pre>line 0\nline 1\n');
    expect(page).not.toContain('\u001B');
  });
});

describe('an answer', () => {
  it('is a page for a person and JSON for a program', () => {
    for (const notice of all('text')) {
      const page = answer(headOf('a', NAVIGATION), notice);
      const json = answer(headOf('a'), notice);
      expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(page.body).toContain('<!doctype html>');
      expect(JSON.parse(json.body)).toMatchObject({ error: notice.code, message: notice.message });
      for (const { status, headers } of [page, json]) {
        expect(status).toBe(statusOf(notice.code));
        expect(headers['x-portramp']).toBe(notice.code.toLowerCase().replaceAll('_', '-'));
        expect(headers['retry-after']).toBe(notice.retryAfter?.toString());
        expect(headers['cache-control']).toBe('no-store');
      }
    }
  });

  it('is JSON for a handshake', () => {
    const head = headOf('a', NAVIGATION, { upgrade: true });
    expect(answer(head, notices.CROWDED).headers['content-type']).toBe('application/json');
  });
});

describe('a failure', () => {
  const said = (failure: Partial<RouteFailure>): string =>
    notices.failed(match('web'), { message: 'exited', log: [], ...failure }).message;

  it('says exit code and signal once', () => {
    expect(said({ message: 'exited with code 1', exitCode: 1 })).toMatch(/ exited with code 1\.$/);
    expect(said({ exitCode: 7 })).toMatch(/exited\. Exit code 7\.$/);
    expect(said({ signal: 'SIGSEGV' })).toMatch(/exited\. Ended by SIGSEGV\.$/);
    expect(said({ message: 'ended by SIGSEGV', signal: 'SIGSEGV' })).toMatch(/ended by SIGSEGV\.$/);
  });
});
