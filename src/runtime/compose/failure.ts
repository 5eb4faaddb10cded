/** What Compose writes to stderr, as something to tell a person. Pure. */

export interface Explanation {
  readonly message: string;
  readonly hint?: string;
}

/** Log lines (`time="…" level=warning msg="…"`) apart from the rest, which says what went wrong. */
export function readLog(stderr: string): { readonly warnings: string[]; readonly rest: string[] } {
  const warnings: string[] = [];
  const rest: string[] = [];
  for (const line of stderr.split('\n').map((each) => each.trim())) {
    const warning = /^time="[^"]*" level=\w+ msg=(".*")$/.exec(line)?.[1];
    if (warning !== undefined) warnings.push(unquote(warning));
    else if (line !== '') rest.push(line);
  }
  return { warnings, rest };
}

const unquote = (text: string): string => {
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
};

const HINTS: readonly (readonly [RegExp, (match: RegExpExecArray) => string])[] = [
  [
    /env file (\S+) not found/,
    ([, file]) =>
      `create ${file}: a new worktree lacks files that git ignores, copy it from the main checkout`,
  ],
  [/required variable (\S+) is missing/, ([, name]) => `set ${name} in the shell, or in .env`],
  [/^open (.+): no such file or directory/, ([, file]) => `is ${file} the right name?`],
  [
    /undefined (?:volume|network|secret|config)|refers to undefined/,
    () => 'declare it at the top level of the Compose file',
  ],
  [
    /conflicts with imported resource/,
    () => 'rename one of the two, or put the change into the list of "include"',
  ],
  [
    /[Cc]annot connect to the Docker daemon|error during connect|docker daemon is not running/,
    () => 'start Docker (or Podman), and see "docker info"',
  ],
  [
    /permission denied while trying to connect/,
    () => 'this user may not talk to the engine: add it to the group "docker"',
  ],
];

/** @param code The exit code. */
export function explainFailure(stderr: string, code: number): Explanation {
  const { rest } = readLog(stderr);
  const message =
    rest.length === 0 ? `Compose failed with code ${code}` : `Compose says: ${rest.slice(-4).join('; ')}`;
  for (const [pattern, hint] of HINTS) {
    const match = rest.map((line) => pattern.exec(line)).find((found) => found !== null);
    if (match) return { message, hint: hint(match) };
  }
  return { message, hint: 'see "docker compose config"' };
}
