import type { Command } from 'commander';

import { examineMachine, type Finding } from '../doctor.ts';
import { color, columns, print, printJson } from '../terminal.ts';

export function defineDoctor(program: Command): void {
  program
    .command('doctor')
    .summary('look at this machine; changes nothing')
    .description(
      'Look at this machine: Node, git, the state folder, the front, loopback addresses, names. Changes nothing. Exit code 1 when something does not work.',
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  portramp doctor')
    .action(doctor);
}

const MARKS = { ok: color.green('✓'), note: color.yellow('•'), problem: color.red('✗') };

async function doctor(options: { json?: boolean }): Promise<void> {
  const findings = await examineMachine();
  if (options.json) printJson({ version: 1, findings });
  else print(findings.map(render).join('\n'));
  if (findings.some((finding) => finding.level === 'problem')) process.exitCode = 1;
}

const render = (finding: Finding): string =>
  columns([[MARKS[finding.level], finding.topic.padEnd(10), finding.text]]) +
  (finding.hint === undefined ? '' : `\n${' '.repeat(15)}${color.dim(finding.hint)}`);
