/** Services with certificates of their own, as mkcert and dev servers make them. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import { makeCertificate } from '../certificate.ts';
import { createMachine, node, type Machine } from '../workspace.ts';

const certificate = makeCertificate();
let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());
afterAll(() => certificate?.remove());

const contract = (misspoken: string, port = 1): string => `version: 1
workspace: shop
services:
  own: { command: ${node('secure.js')}, env: { PEM: both.pem }, ready: { http: / }, ports: { http: { appProtocol: https } } }
  api: { command: ${node('secure.js')}, env: { PEM: both.pem }${misspoken} }
  away: { external: "https://127.0.0.1:${port}", tls: { ca: both.pem, serverName: localhost } }
`;

describe.skipIf(certificate === undefined)('TLS', () => {
  it('is spoken to what was declared so; what was not is told, and works when the line is written', async () => {
    const shop = machine.workspace('shop', contract(''));
    copyFileSync(certificate?.file ?? '', join(shop.root, 'both.pem'));
    const dev = shop.start('dev');
    await shop.until('own', 'ready');
    await shop.until('api', 'ready');
    expect(await machine.get('own.shop.localhost')).toMatchObject({ status: 200, body: 'secure' });
    const { port } = (await shop.service('own')).ports[0] ?? {};

    const refused = await machine.get('api.shop.localhost');
    expect(JSON.parse(refused.body)).toMatchObject({ error: 'SERVICE_SPEAKS_TLS' });
    await dev.prints(/api speaks|api of shop speaks TLS/);
    const why = await shop.run('why', 'api');
    expect(why.stdout).toMatch(/speaks TLS on port \d+[^]*ports: \{ http: \{ appProtocol: https \} \}/);

    shop.contract(contract(', ports: { http: { appProtocol: https } }', port));
    await dev.prints(/applied api changed/);
    await shop.until('api', 'ready');
    expect(await machine.get('api.shop.localhost')).toMatchObject({ status: 200, body: 'secure' });
    expect(await machine.get('away.shop.localhost')).toMatchObject({ status: 200, body: 'secure' });
  });
});
