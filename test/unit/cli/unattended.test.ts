import { expect, it } from 'vitest';

import { describeContainers } from '../../../src/cli/unattended.ts';

const container = (name: string, ...published: string[]) => ({
  id: name,
  name,
  text: name,
  project: 'shop',
  service: name,
  files: [],
  published,
});

it('one container is called by its name, several are counted, each with its numbers once', () => {
  const db = container('shop-db-1', '5432/tcp', '5432/udp', '9000/tcp');
  expect(describeContainers([db])).toBe('its container shop-db-1 (:5432 :9000) runs');
  expect(describeContainers([db, container('shop-job-1')])).toBe(
    '2 containers of it run: shop-db-1 (:5432 :9000), shop-job-1',
  );
});
