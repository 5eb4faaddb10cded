import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

/** A process as a person recognises it; what this user may not see is left out. */
export interface ProcessDescription {
  readonly command?: string;
  readonly cwd?: string;
}

/** Milliseconds. */
const TIMEOUT = 5_000;

export async function describePid(pid: number): Promise<ProcessDescription> {
  const [command, cwd] =
    process.platform === 'linux'
      ? [readCommand(pid), await readlink(`/proc/${pid}/cwd`).catch(() => '')]
      : await Promise.all([askForCommand(pid), askForFolder(pid)]);
  return { ...(command === '' ? {} : { command }), ...(cwd === '' ? {} : { cwd }) };
}

/** Gives the words of the command line; where the system joins them, those between blanks. Empty: it is gone. */
export async function commandLineOf(pid: number): Promise<readonly string[]> {
  if (process.platform === 'linux') return readWords(pid);
  return (await askForCommand(pid)).split(/\s+/).filter((word) => word !== '');
}

/** Reads what the kernel makes up on the spot: waiting for it in another thread costs ten times as much as reading it. */
function readWords(pid: number): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return text === '' ? [] : text.replace(/\0+$/, '').split('\0');
  } catch {
    return [];
  }
}

const readCommand = (pid: number): string => readWords(pid).join(' ');

async function askForCommand(pid: number): Promise<string> {
  if (process.platform !== 'win32') return ask('ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
  const script = `(Get-CimInstance Win32_Process -Filter 'ProcessId=${pid}').CommandLine`;
  return ask('powershell', ['-NoProfile', '-NonInteractive', '-Command', script]);
}

/** Windows does not tell the folder of another process. */
async function askForFolder(pid: number): Promise<string> {
  if (process.platform === 'win32') return '';
  const text = await ask('lsof', ['-a', '-p', String(pid), '-d', 'cwd', '-Fn']);
  return /^n(.+)$/m.exec(text)?.[1] ?? '';
}

async function ask(file: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(file, args, { timeout: TIMEOUT, windowsHide: true });
    return stdout.trim();
  } catch {
    return '';
  }
}
