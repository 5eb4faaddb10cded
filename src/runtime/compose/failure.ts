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
  // Compose says the same of a variable at each place that has it.
  return { warnings: [...new Set(warnings)], rest };
}

const unquote = (text: string): string => {
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
};

/** What Compose and BuildKit write of work that goes on, and warnings of what is tried otherwise then. */
const PROGRESS =
  /^(?:(?:Network|Container|Volume|Image) )?\S+\s+(?:Creat|Recreat|Start|Restart|Stopp?|Remov|Runn|Wait|Pull|Push|Build|Built|Healthy|Exited|Skipped|Warning)(?:ing|e?d|ed|e)?\b.*$|^#\d+ |^-+$|^ ?> \[/;

const PULL_FAILURE = /^(\S+) Error (.+)$/;

/** The lines that say what went wrong: each once, and nothing of what went well before. */
function findSaid(rest: readonly string[], nameOf: (service: string) => string): string[] {
  const pulls = rest.flatMap((line) => PULL_FAILURE.exec(line)?.[2] ?? []);
  const said = rest
    .filter((line) => !PROGRESS.test(line))
    // Said of the service already, by the name that it has.
    .filter((line) => PULL_FAILURE.test(line) || !pulls.some((pull) => line.endsWith(pull)))
    .map((line) =>
      line.replace(
        PULL_FAILURE,
        (_, service: string, why: string) => `the image of ${nameOf(service)} could not be pulled: ${why}`,
      ),
    )
    .map((line) => line.replace(/(no such image: (\S+)): No such image: \2$/, '$1'));
  return [...new Set(said.length > 0 ? said : rest)];
}

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
    /The container name "\/?([^"]+)" is already in use/,
    ([, name]) => `whose it is says "docker inspect ${name}"; end it with "docker rm -f ${name}"`,
  ],
  [
    /bind source path does not exist: (\S+)/,
    ([, folder]) => `mkdir -p ${folder}: a new worktree lacks folders that git ignores`,
  ],
  [/no such image: (\S+)/i, ([, image]) => `docker pull ${image}, or have it built: portramp compose build`],
  [
    /pull access denied for (\S+?),/,
    ([, image]) =>
      `is ${image} the right name? A private one needs "docker login", one that is made here a "build:" in the Compose file`,
  ],
  [
    /manifest for \S+ not found|manifest unknown/,
    () => 'is the tag right? The registry has the image, or had it, under others',
  ],
  [
    /no matching manifest for (\S+)/,
    ([, platform]) =>
      `there is none for ${platform}: another tag, or "platform: linux/amd64" in the Compose file`,
  ],
  [/toomanyrequests/, () => 'wait, or "docker login": the registry gives more to those it knows'],
  [
    /(?:failed to do request|Get|Head).*"https?:\/\/([^/"]+).*(?:dial tcp|timeout|Timeout|lookup|unreachable|refused|EOF)/,
    ([, registry]) =>
      `${registry} cannot be reached, and the image is not on this machine: go online, or "docker load" it`,
  ],
  [
    /unable to prepare context: path "(.+)" not found/,
    ([, folder]) =>
      `is ${folder} the right folder? A new worktree lacks submodules: git submodule update --init`,
  ],
  [/paused container|is paused/, () => 'wake it: portramp compose unpause'],
  [/failed to solve|failed to build/, () => 'see the whole of it: portramp compose build'],
  [
    /permission denied while trying to connect/,
    () => 'this user may not talk to the engine: add it to the group "docker"',
  ],
];

/**
 * @param code The exit code.
 * @param nameOf Of a service of the project, for a person.
 */
export function explainFailure(
  stderr: string,
  code: number,
  nameOf: (service: string) => string = (service) => service,
): Explanation {
  const { rest } = readLog(stderr);
  const last = rest.at(-1);
  // What it was doing is not why it was ended.
  if (code < 0 && rest.every((line) => PROGRESS.test(line))) {
    const where = last === undefined ? '' : `; the last it told was: ${last.replace(/\s+/g, ' ')}`;
    return { message: `Compose was ended before it was done${where}`, hint: 'start it again' };
  }
  const said = findSaid(rest, nameOf);
  const message =
    said.length === 0 ? `Compose failed with code ${code}` : `Compose says: ${said.slice(-4).join('; ')}`;
  for (const [pattern, hint] of HINTS) {
    const match = said.map((line) => pattern.exec(line)).find((found) => found !== null);
    if (match) return { message, hint: hint(match) };
  }
  return { message, hint: 'see "docker compose config"' };
}

/** The id of the container that has the name of the one that was to be made; undefined where that is not what failed. */
export const findNameHolder = (message: string): string | undefined =>
  /The container name "[^"]+" is already in use by container "?([0-9a-f]{12,64})/.exec(message)?.[1];
