/** The CI snippet of the README does what it says, on a real repository. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { createMachine, openWorkspace, type Machine, type Workspace } from '../workspace.ts';

const REPOSITORY = resolve(import.meta.dirname, '../../..');

interface Step {
  readonly name?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

function readSteps(): Map<string, Step> {
  const readme = readFileSync(join(REPOSITORY, 'README.md'), 'utf8');
  const section = readme.slice(readme.indexOf('### In CI'));
  const text = /```yaml\n([^]*?)```/.exec(section)?.[1] ?? '';
  const workflow = parse(text) as { jobs: { contract: { steps: Step[] } } };
  return new Map(workflow.jobs.contract.steps.flatMap((step) => (step.name ? [[step.name, step]] : [])));
}

let machine: Machine;

beforeAll(() => {
  machine = createMachine();
});
afterAll(() => machine.close());

/** A repository in which `npx portramp` is this one, as after `npm ci`. */
async function repository(name: string): Promise<Workspace> {
  const workspace = openWorkspace(machine, machine.folder(name));
  mkdirSync(join(workspace.root, 'node_modules/.bin'), { recursive: true });
  symlinkSync(join(REPOSITORY, 'bin/portramp.js'), join(workspace.root, 'node_modules/.bin/portramp'));
  workspace.write('package.json', '{ "name": "shop", "private": true }\n');
  workspace.write('.gitignore', 'node_modules\n');
  await workspace.git('init', '-q', '-b', 'main');
  await workspace.git('add', '--all');
  await workspace.git('commit', '-qm', 'start');
  return workspace;
}

/** Runs a step as the runner does: bash, which stops at the first failure. */
async function runStep(workspace: Workspace, name: string): Promise<{ code: number; stdout: string }> {
  const script = readSteps().get(name)?.run;
  if (script === undefined) throw new Error(`the snippet has no step ${name}`);
  const env = { ...machine.environment, BASE: await workspace.git('rev-parse', 'main') };
  return new Promise((settle) => {
    execFile('bash', ['-eo', 'pipefail', '-c', script], { cwd: workspace.root, env }, (error, stdout) => {
      settle({ code: error === null ? 0 : Number(error.code), stdout });
    });
  });
}

const CONTRACT = `version: 1
workspace: shop
services:
  web: { command: w, consumes: [api] }
  api: { command: a }
`;

describe('on a pull request', () => {
  it('that brings the contract, there is nothing to compare with', async () => {
    const workspace = await repository('new');
    await workspace.git('switch', '-qc', 'feature');
    workspace.contract(CONTRACT);
    await workspace.git('add', '--all');
    await workspace.git('commit', '-qm', 'contract');
    expect(await runStep(workspace, 'check')).toMatchObject({ code: 0 });
    expect(await runStep(workspace, 'diff')).toEqual({ code: 0, stdout: '' });
  });

  it('that breaks something, the line is annotated and the step fails', async () => {
    const workspace = await repository('change');
    workspace.contract(CONTRACT);
    await workspace.git('add', '--all');
    await workspace.git('commit', '-qm', 'contract');
    await workspace.git('switch', '-qc', 'feature');
    workspace.contract(CONTRACT.replace('{ command: a }', '{ command: a, access: { from: [] } }'));
    await workspace.git('commit', '-qam', 'close');
    const check = await runStep(workspace, 'check');
    expect(check.code).toBe(1);
    expect(check.stdout).toMatch(/^::error file=portramp.yaml,line=4,col=33,title=PR011::/);
    const diff = await runStep(workspace, 'diff');
    expect(diff.code).toBe(1);
    expect(diff.stdout).toMatch(
      /^::error file=portramp.yaml,line=5,.*access-narrowed::api no longer lets in web$/m,
    );
  });
});
