/** Edits of the contract while its stack runs. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { createMachine, node, type Machine, type Running, type Workspace } from '../workspace.ts';

let machine: Machine;
let shop: Workspace;
let dev: Running;

const SERVER = `command: ${node('server.js')}, ready: { http: /healthz }`;

/** The contract with these lines for its services. */
const contract = (...services: string[]): string =>
  `version: 1\nworkspace: shop\nservices:\n${services.map((line) => `  ${line}\n`).join('')}`;

const WEB = `web: { ${SERVER}, consumes: [api] }`;
const API = `api: { ${SERVER} }`;
const OTHER = `other: { ${SERVER} }`;

const pids = async (): Promise<Record<string, number | undefined>> =>
  Object.fromEntries((await shop.stack()).services.map(({ name, pid }) => [name, pid]));

beforeEach(async () => {
  machine = createMachine();
  shop = machine.workspace('shop', contract(WEB, API, OTHER));
  dev = shop.start('dev');
  await dev.prints(/web +│ ready/);
  await dev.prints(/other +│ ready/);
});
afterEach(() => machine.close());

describe('an edit of the contract', () => {
  it('starts what was added, stops what was removed, and touches nothing else', async () => {
    const before = await pids();
    shop.contract(contract(WEB, API, `extra: { ${SERVER} }`));
    await shop.until('extra', 'ready');
    await eventually(async () => expect(Object.keys(await pids())).not.toContain('other'));
    expect(await pids()).toMatchObject({ web: before['web'], api: before['api'] });
    expect((await machine.get('extra.shop.localhost')).status).toBe(200);
    expect((await machine.get('other.shop.localhost')).status).toBe(404);
    expect(dev.output).toMatch(/applied extra added/);
    expect(dev.output).toMatch(/applied other removed/);
  });

  it('restarts what changed, and of its consumers only those whose values changed', async () => {
    const before = await pids();
    shop.contract(contract(WEB, `api: { ${SERVER}, env: { LEVEL: debug } }`, OTHER));
    await dev.prints(/applied api changed \(env\.LEVEL\): restarts/);
    await eventually(async () => expect((await shop.service('api')).pid).not.toBe(before['api']));
    await shop.until('api', 'ready');
    expect(await pids()).toMatchObject({ web: before['web'], other: before['other'] });
    const { env } = JSON.parse((await machine.get('api.shop.localhost')).body) as {
      env: Record<string, string>;
    };
    expect(env['LEVEL']).toBe('debug');

    shop.contract(contract(WEB, `api: { ${SERVER}, env: { LEVEL: debug }, url: "http://elsewhere" }`, OTHER));
    await dev.prints(/applied web changed \(env\.API_URL\): restarts/);
    await shop.until('web', 'ready');
    expect((await pids())['other']).toBe(before['other']);
    expect((await pids())['web']).not.toBe(before['web']);
  });

  it('only re-routes when a host name changes', async () => {
    const before = await pids();
    shop.contract(contract(WEB, `api: { ${SERVER}, ports: { http: { host: backend } } }`, OTHER));
    await dev.prints(/applied api changed \(.*hosts.*\): goes on, other names/);
    await eventually(async () => expect((await machine.get('backend.shop.localhost')).status).toBe(200));
    expect((await machine.get('api.shop.localhost')).status).toBe(404);
    expect(await pids()).toEqual(before);
  });

  it('is reported with its place and changes nothing when it is wrong', async () => {
    const before = await pids();
    shop.contract(contract(WEB, 'api: { comand: x }', OTHER));
    await dev.prints(/portramp\.yaml:5:10 .*comand/);
    await dev.prints(/not applied/);
    expect(await pids()).toEqual(before);
    expect((await shop.run('ls')).stdout).toMatch(/edit not applied: portramp\.yaml:5:10/);

    shop.contract(contract(WEB, API, OTHER));
    await dev.prints(/applied nothing has changed/);
    expect(await pids()).toEqual(before);
    expect((await shop.run('ls')).stdout).not.toMatch(/not applied/);
  });

  it('that puts something external in the place of a process ends the process, and back', async () => {
    const before = await pids();
    shop.contract(contract(WEB, 'api: { external: "127.0.0.1:9" }', OTHER));
    await shop.until('api', 'external');
    await eventually(() => expect(() => process.kill(before['api'] ?? 0, 0)).toThrow());
    expect((await shop.run('ls')).stdout).not.toMatch(/not started/);
    shop.contract(contract(WEB, API, OTHER));
    await shop.until('api', 'ready');
    await shop.until('web', 'ready');
    expect((await shop.run('down')).code).toBe(0);
  });

  it('of replicas holds over what was scaled before, and one of anything else leaves that', async () => {
    const scaled = (fields: string): string => contract(WEB, `api: { ${SERVER}${fields} }`, OTHER);
    /** With what is said where it fails. */
    const scaledTo3 = async (): Promise<readonly [number, string]> => {
      const { code, stderr } = await shop.run('scale', 'api=3');
      return [code, stderr];
    };
    const replicas = async (): Promise<number> => {
      const { instances = [] } = await shop.service('api');
      return instances.filter(({ role, state }) => role === 'serving' && state === 'ready').length;
    };
    expect(await scaledTo3()).toEqual([0, expect.any(String)]);
    expect(await replicas()).toBe(3);
    shop.contract(scaled(', stop: { timeout: 9s }'));
    await dev.prints(/applied api changed \(stop\)/);
    expect(await replicas()).toBe(3);

    shop.contract(scaled(', replicas: 2'));
    await dev.prints(/api +│ replicas 2 by the contract \(scale 3 no longer holds\)/);
    await eventually(async () => expect(await replicas()).toBe(2));
    expect((await shop.run('ls')).stdout).toMatch(/2 of 2 replicas ready/);
    expect((await shop.run('why', 'api')).code).toBe(0);

    expect(await scaledTo3()).toEqual([0, expect.any(String)]);
    expect(await replicas()).toBe(3);
    shop.contract(scaled(', replicas: 2, stop: { timeout: 8s }'));
    await dev.prints(/applied api changed \(stop\)[^]*applied api changed \(stop\)/);
    expect(await replicas()).toBe(3);
    expect(dev.output.match(/no longer holds/g)).toHaveLength(1);
  });

  it('is seen whatever way an editor has of writing, and in env files too', async () => {
    const path = join(shop.root, 'portramp.yaml');
    const edit = (level: string): string =>
      contract(
        WEB,
        `api: { ${SERVER}, envFile: [{ path: .env, optional: true }], env: { LEVEL: ${level} } }`,
        OTHER,
      );
    writeFileSync(`${path}.tmp`, edit('replaced'));
    renameSync(`${path}.tmp`, path);
    await dev.prints(/applied api changed \(env\.LEVEL\)/);
    renameSync(path, `${path}~`);
    writeFileSync(path, edit('backed-up'));
    await eventually(async () => expect(await levelOfApi()).toBe('backed-up'));
    rmSync(path);
    writeFileSync(path, edit('deleted-and-made'));
    await eventually(async () => expect(await levelOfApi()).toBe('deleted-and-made'));
    shop.write('.env', 'FROM_FILE=yes\n');
    await dev.prints(/applied api changed \(env\.FROM_FILE\)/);
    await shop.until('api', 'ready');
  });

  it('is seen after the folder of the contract was itself replaced', async () => {
    renameSync(shop.root, `${shop.root}-old`);
    mkdirSync(shop.root);
    shop.contract(contract(WEB, `api: { ${SERVER}, env: { LEVEL: moved } }`, OTHER));
    await dev.prints(/applied api changed \(env\.LEVEL\)/);
  });

  it('has only the last word when many come at once', async () => {
    for (let level = 1; level <= 20; level += 1) {
      shop.contract(contract(WEB, `api: { ${SERVER}, env: { LEVEL: v${level} } }`, OTHER));
    }
    await eventually(async () => expect(await levelOfApi()).toBe('v20'));
  });
});

async function levelOfApi(): Promise<string | undefined> {
  const answer = await machine.get('api.shop.localhost');
  if (answer.status !== 200) return undefined;
  return (JSON.parse(answer.body) as { env: Record<string, string> }).env['LEVEL'];
}
