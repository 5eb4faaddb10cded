/** What the front remembers of answers, and what `why` makes of it. */
import { expect, it } from 'vitest';

import { createSightings } from '../../../src/front/sightings.ts';
import { certificateHint } from '../../../src/lib/certificate-hint.ts';
import { createManualClock } from '../manual-clock.ts';

const API = { host: '127.0.0.1', port: 4_000 };
const PAY = { host: 'pay.example.com', port: 443 };

it('remembers the last failure and the last lines that were left out, by target', async () => {
  const clock = createManualClock();
  const sightings = createSightings(clock);
  sightings.failed(PAY, new Error('unable to verify the first certificate'));
  await clock.advance(3_000);
  sightings.failed(PAY, new Error('certificate has expired'));
  sightings.dropped(API, '"a b" (not a field name)');
  await clock.advance(2_000);
  expect(sightings.of(PAY)).toEqual({ failed: { message: 'certificate has expired', ago: 2_000 } });
  expect(sightings.of(API)).toEqual({ dropped: '"a b" (not a field name)' });
  expect(sightings.of({ ...API, port: 4_001 })).toBeUndefined();
});

it('forgets a target that nothing leads to any more', () => {
  const sightings = createSightings(createManualClock());
  sightings.dropped(API, 'x');
  sightings.dropped(PAY, 'y');
  sightings.keep([PAY]);
  expect(sightings.of(API)).toBeUndefined();
  expect(sightings.of(PAY)).toEqual({ dropped: 'y' });
});

it('forgets what was seen of a target before it was asked in another way', () => {
  const sightings = createSightings(createManualClock());
  const before = { protocol: 'https' as const, ...PAY };
  const after = { ...before, tls: { verify: false } };
  sightings.failed(before, new Error('certificate has expired'));
  sightings.keep([after]);
  expect([sightings.of(before), sightings.of(after)]).toEqual([undefined, undefined]);
  sightings.failed(after, new Error('reset'));
  sightings.keep([{ ...after, tls: { verify: false } }]);
  expect(sightings.of(after)).toMatchObject({ failed: { message: 'reset' } });
});

it.each([
  ['self-signed certificate', 'ca: FILE.pem'],
  ['unable to verify the first certificate', 'ca: FILE.pem'],
  [
    "Hostname/IP does not match certificate's altnames: Host: a. is not in the cert's altnames",
    'serverName: NAME',
  ],
])('says what to write about: %s', (message, field) => {
  expect(certificateHint('pay', message)).toBe(
    `write in portramp.yaml: services.pay.tls: { ${field} }, or { verify: false } to believe any`,
  );
});

it('says nothing about certificates where it was none', () => {
  expect(certificateHint('pay', 'connect ECONNREFUSED 10.0.0.1:443')).toBeUndefined();
});
