import { realpath } from 'node:fs/promises';
import { basename, relative, resolve } from 'node:path';

import { Option, type Command } from 'commander';

import type { Format } from '../../check/report.ts';
import type { Contract } from '../../contract/contract.ts';
import type { Diagnostic } from '../../contract/diagnostic.ts';
import { PortrampError } from '../../lib/errors.ts';
import { color, hasColor, print, printJson } from '../terminal.ts';
import { locateStack, type StackOptions } from '../workspace.ts';

interface CheckOptions extends StackOptions {
  readonly format: Format;
  readonly json?: boolean;
  readonly live?: boolean;
  /** The id of a rule; true: all of them. */
  readonly explain?: string | true;
}

const FORMATS = ['text', 'json', 'sarif', 'github', 'junit'] as const satisfies readonly Format[];

export function defineCheck(program: Command): void {
  program
    .command('check')
    .summary('find every problem of the contract at once')
    .description(
      'Check the contract in all its environments, and the files around it, without the daemon. ' +
        'Without a contract: where two stacks of a Compose project would collide. ' +
        'Exit code 0: no errors, 1: errors, 2: the contract cannot be read.',
    )
    .addOption(new Option('--format <name>', 'how findings are printed').choices(FORMATS).default('text'))
    .option('--json', 'the same as --format json')
    .option('--live', 'also look at this machine: who holds static and reserved ports right now')
    .option('--explain [rule]', 'print what a rule is for, or the list of rules')
    .addHelpText(
      'after',
      '\nExamples:\n  portramp check --live\n  portramp check --format sarif > portramp.sarif\n  portramp check --explain PR007',
    )
    .action((_options: unknown, command: Command) => check(command.optsWithGlobals()));
}

async function check(options: CheckOptions): Promise<void> {
  if (options.explain !== undefined) return explain(options.explain, options.json ?? false);
  const { renderDiagnostics } = await import('../../check/report.ts');
  const { root, diagnostics, contracts } = await findProblems(options);
  const live = options.live ? await (await import('../live.ts')).checkLive(root, contracts) : [];
  const { sortDiagnostics } = await import('../../contract/diagnostic.ts');
  const all = sortDiagnostics([...diagnostics, ...live]);
  const format = options.json ? 'json' : options.format;
  const base = format === 'github' || format === 'sarif' ? await topOf(root) : root;
  const text = renderDiagnostics(all, { format, root: base, color: hasColor });
  if (text !== '') print(text);
  if (format === 'text') print(all.length === 0 ? await praise(root, contracts) : summarize(all));
  process.exitCode = exitCodeOf(all);
}

interface Problems {
  readonly root: string;
  readonly diagnostics: readonly Diagnostic[];
  readonly contracts: readonly Contract[];
}

/** Of the contract; where there is none, of the Compose project. */
async function findProblems(options: CheckOptions): Promise<Problems> {
  const { checkWorkspace, checkComposeProject } = await import('../../check/workspace.ts');
  const { readComposeProject } = await import('../compose-project.ts');
  const { findContract } = await import('../../contract/find.ts');
  const { findComposeFiles } = await import('../../runtime/compose/files.ts');
  const cwd = resolve(options.dir ?? '.');
  if ((await findContract(cwd)) === undefined) {
    const found = await findComposeFiles({ cwd, environment: process.env, files: [] });
    if (found !== undefined) {
      const root = await realpath(found.directory);
      const files = found.files.map((file) => relative(found.directory, file));
      const diagnostics = await checkComposeProject(root, files, readComposeProject(true));
      return { root, diagnostics, contracts: [] };
    }
  }
  const { root } = await locateStack(options);
  const checked = await checkWorkspace(root, { readCompose: readComposeProject(false) });
  return { root, ...checked };
}

/** Annotations name files by their path in the repository, and the contract may lie below its root. */
async function topOf(root: string): Promise<string> {
  const { prefixOf } = await import('../../check/tracked.ts');
  const prefix = await prefixOf(root);
  return prefix === '' ? root : root.slice(0, -prefix.length - 1);
}

/** A contract that cannot be read has been checked in part only. */
function exitCodeOf(diagnostics: readonly Diagnostic[]): 0 | 1 | 2 {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.some(({ code }) => code === 'PR001')) return 2;
  return errors.length > 0 ? 1 : 0;
}

function summarize(diagnostics: readonly Diagnostic[]): string {
  const counts = (['error', 'warning', 'note'] as const).flatMap((severity) => {
    const count = diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity}${count === 1 ? '' : 's'}`];
  });
  return color.dim(counts.join(', '));
}

async function praise(root: string, contracts: readonly Contract[]): Promise<string> {
  if (contracts.length === 0) return 'two stacks of this Compose project do not collide';
  const { findContractIn } = await import('../../contract/find.ts');
  const { size } = new Set(contracts.flatMap(({ services }) => [...services.keys()]));
  const file = basename((await findContractIn(root)) ?? 'the contract');
  return `${file} is fine: ${size} service${size === 1 ? '' : 's'}`;
}

async function explain(id: string | true, asJson: boolean): Promise<void> {
  const { RULES, ruleOf, suggestRule } = await import('../../check/rules/rules.ts');
  if (id === true) {
    const rules = RULES.map((rule) => ({ id: rule.id, severity: rule.severity, title: rule.title }));
    if (asJson) printJson({ version: 1, rules });
    else print(rules.map((rule) => `${rule.id}  ${rule.severity.padEnd(7)}  ${rule.title}`).join('\n'));
    return;
  }
  const rule = ruleOf(id);
  if (rule === undefined) {
    const nearest = suggestRule(id);
    throw new PortrampError('UNKNOWN_NAME', `there is no rule "${id}"`, {
      hint: nearest === undefined ? 'portramp check --explain lists all' : `did you mean "${nearest}"?`,
    });
  }
  const { title, severity, reasoning } = rule;
  if (asJson) printJson({ version: 1, id: rule.id, severity, title, reasoning });
  else print(`${color.bold(rule.id)} (${severity}): ${title}\n\n${wrap(reasoning)}`);
}

/** Lines that a terminal shows without breaking words. */
function wrap(text: string, width = 80): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}
