/**
 * Hints that are typed, but not by the tests next door that find theirs by themselves: where. Each of these tests types
 * or does what the hint says and sees that what it was said of is gone or, where it leads to a command that tells more,
 * that it is told.
 */

const WORDS = 'process/cli/typed-words.test.ts';
const RUNNING = 'process/cli/typed-running.test.ts';
const RESTING = 'process/cli/typed-resting.test.ts';
const DAMAGE = 'process/daemon/damage.test.ts';
const WAITS = 'process/cli/waits.test.ts';
const GONE = 'process/cli/gone.test.ts';
const MACHINE = 'unit/cures/machine.test.ts';
const COMPOSE = 'unit/cures/compose.test.ts';
const UNATTENDED = 'engine/compose/unattended.test.ts';
const SHARED = 'engine/compose/shared.test.ts';
const FILES = 'unit/cures/files.test.ts';

/** `file: hint`, as the source writes it → the test that types it, and words of that test by which it is known. */
export const ELSEWHERE: Readonly<Record<string, readonly [file: string, words: string]>> = {
  'cli/commands/check.ts: did you mean "…"?': [WORDS, 'check --explain PR0200'],
  'cli/commands/check.ts: portramp check --explain lists all': [
    WORDS,
    'portramp (check --explain) lists all',
  ],
  'cli/kept-data.ts: …; "portramp down … --volumes" removes it': [
    'engine/compose/kept-data.test.ts',
    '"portramp down data --volumes" removes',
  ],
  'cli/commands/clean.ts: portramp down …': ['process/cli/gone.test.ts', 'portramp down shop-named'],
  'cli/commands/whose.ts: \nto end all of its stack: portramp down …': [UNATTENDED, 'portramp down alone'],
  'cli/commands/whose.ts: port … … of …: the container ……\nto end it: portramp stop --port ……': [
    UNATTENDED,
    'to end it: portramp stop --port',
  ],
  'stack/compose/choices.ts: the Compose project would be called "…" now, and containers of this stack are in "…": it stays there until "portramp down"':
    ['engine/compose/project-name.test.ts', 'it stays there until "portramp down"'],
  'runtime/compose/binary.ts: try "… version", and once more when this machine has less to do': [
    'process/compose/binary.test.ts',
    ' version", and once more',
  ],
  'cli/shared-containers.ts: ask for one at a time: portramp compose … …': [
    SHARED,
    'portramp compose logs store',
  ],
  'cli/shared-containers.ts: for this branch: portramp … …': [SHARED, 'portramp dev -d db'],
  'cli/shared-containers.ts: if it is to be: docker compose …': [SHARED, 'docker compose -p '],
  'cli/commands/control.ts: portramp daemon stop': [RESTING, 'portramp (daemon stop)'],
  'cli/commands/control.ts: …, or: portramp stop --port 20031': [RUNNING, 'or: portramp stop --port 20031'],
  'cli/commands/daemon.ts: The daemon is not running; "portramp dev" starts it.': [
    RESTING,
    'The daemon is not running; ',
  ],
  'cli/commands/dev.ts: add -d, or leave out --timeout': [WORDS, 'or leave out --timeout'],
  'cli/commands/dev.ts: leave out -d, or unset PORTRAMP': [WORDS, 'leave out -d, or unset PORTRAMP'],
  'cli/commands/down.ts: portramp down STACK --volumes': [RUNNING, 'portramp down STACK --volumes'],
  'cli/commands/exec.ts: options of portramp go before the service: portramp exec --env test api npm run seed':
    [WORDS, 'portramp exec (--env test api) npm run seed'],
  'cli/commands/ls.ts: "portramp daemon start" starts it, or says why it cannot.': [
    DAMAGE,
    '"portramp daemon start" starts it',
  ],
  'cli/commands/ls.ts: Nothing is running. Start a stack with "portramp dev".': [
    RESTING,
    'Start a stack with "portramp (dev)"',
  ],
  'cli/commands/open.ts: portramp why …': [WORDS, 'open later'],
  'cli/commands/scale.ts: write SERVICE=REPLICAS, such as api=3; from 1 to 32': [
    WORDS,
    'write SERVICE=REPLICAS',
  ],
  'cli/commands/traffic.ts: name a file in a folder that exists': [
    WORDS,
    'name a file in a folder that exists',
  ],
  'cli/commands/url.ts: its ports are: …': [WORDS, 'its ports are: '],
  'cli/commands/whose.ts: port … … of …, …: …\nto end it: portramp stop --port …': [
    RUNNING,
    'to end it: portramp',
  ],
  'cli/complaint.ts: "portramp logs …" says more; an edit, or "portramp restart …", tries again': [
    WAITS,
    'until another has taken its place',
  ],
  'cli/daemon-access.ts: did you mean "…"?': [WORDS, 'did you mean "(api)"'],
  'cli/daemon-access.ts: start it with "portramp dev"': [RESTING, 'start it with "portramp (dev)"'],
  'cli/daemon-access.ts: the services are: …': [WORDS, 'the services are: '],
  'cli/dev/attach.ts: \nAlready running: these are its logs. Ctrl-C leaves it running; "portramp down" stops it.\n':
    [RUNNING, 'Already running: '],
  'cli/dev/detached.ts: see "portramp logs …"': [
    'process/cli/ways.test.ts',
    'logs --dir ../shop --env test bad',
  ],
  'cli/dev/detached.ts: …; "portramp down" stops it': [
    'process/cli/ways.test.ts',
    'down --dir ../shop --env test',
  ],
  'cli/doctor.ts: chmod 700 …': [RUNNING, 'chmod (700)'],
  'cli/doctor.ts: not running; "portramp dev" starts it': [RESTING, "hear('doctor'"],
  'cli/left-containers.ts: portramp clean…': [
    'engine/compose/leftovers.test.ts',
    'are left[^]*portramp clean',
  ],
  'cli/leftovers.ts: the data stays: "portramp clean --volumes" removes it': [
    'engine/compose/leftovers.test.ts',
    'clean --volumes',
  ],
  'cli/leftovers.ts: …: "portramp clean" removes it…': [
    'engine/compose/leftovers.test.ts',
    '"portramp clean" removes it, with --volumes its data too',
  ],
  'cli/leftovers.ts: …: "portramp clean --volumes" removes it': [
    'engine/compose/leftovers.test.ts',
    '1 volume.*: "portramp clean --volumes" removes it',
  ],
  'cli/leftovers.ts: kept …: its checkout moved to …; portramp dev --dir … goes on with it there': [
    'engine/compose/kept.test.ts',
    'portramp dev --dir',
  ],
  'cli/own-stack.ts: give … a command of its own in portramp.yaml, or show another service: portramp logs NAME -f':
    [WORDS, 'portramp logs NAME -f'],
  'cli/port-argument.ts: a port is a number from 1 to 65535': [WORDS, 'a port is a number from 1 to (65535)'],
  'cli/render/why.ts: : portramp dev': [RESTING, 'which is not running: portramp (dev)'],
  'cli/silent-logs.ts: ; … is …: portramp logs …': [RUNNING, 'portramp (logs slow)'],
  'cli/silent-logs.ts: it was not started: portramp start …': [
    RUNNING,
    'it was not started: portramp (start later)',
  ],
  'cli/silent-logs.ts: : portramp dev': [RESTING, 'the stack does not run: portramp (dev)'],
  'cli/waiting/outcome.ts: start it again with "portramp dev -d"': [RUNNING, 'taken down meanwhile'],
  'stack/commands.ts: "portramp restart …" runs it again': [WORDS, 'portramp (restart seed)'],
  'cli/waiting/outcome.ts: start it again with "portramp start …"': [RUNNING, 'portramp (start behind)'],
  'cli/waiting/wait.ts: "portramp why …" says what is in the way': [RUNNING, 'says what is in the way'],
  'cli/waiting/wait.ts: see "portramp logs …"': [RUNNING, 'wait bad'],
  'cli/why/explain.ts: portramp dev': [RESTING, 'no runner is attached'],
  'cli/why/explain.ts: portramp open …': [WORDS, 'portramp (open asked)'],
  'cli/why/explain.ts: portramp start …': [RUNNING, 'why later'],
  'cli/why/explain.ts: services.….ports: { …: { appProtocol: https } }': [
    'process/stack/tls.test.ts',
    'appProtocol: https',
  ],
  'cli/workspace.ts: create portramp.yaml with "version: 1", "workspace: NAME" and "services:", or name its folder with --dir':
    [WORDS, 'or name its folder with --dir'],
  'cli/workspace.ts: did you mean "…"?': [WORDS, 'did you mean "(shop)"'],
  'cli/workspace.ts: portramp ls --all lists them': [WORDS, 'portramp (ls --all) lists them'],
  'cli/commands/open.ts: portramp url … --direct prints an address that does not lead through the front': [
    'process/front/taken.test.ts',
    "'url', 'api', '--direct'",
  ],
  'daemon/front-port.ts: write "httpPort: …" to …, then "portramp daemon stop --force && portramp daemon start"':
    ['process/front/taken.test.ts', 'write "httpPort: '],
  'daemon/dispatch.ts: "portramp down --all" stops them; --force stops the daemon and leaves them running without a front':
    [RUNNING, 'portramp (down --all)'],
  'daemon/front-choice.ts: to move it: …"portramp daemon stop --force && portramp daemon start"; services keep running':
    [MACHINE, '^to move it: write'],
  'daemon/front-choice.ts: unset PORTRAMP_HTTP_PORT, or write "httpPort: …" to … to move the front': [
    MACHINE,
    'unset PORTRAMP_HTTP_PORT',
  ],
  'daemon/front-store.ts: the front keeps its port when that file can be read again, or when it is moved away: mv … …':
    [FILES, 'when it is moved away: (mv .+)'],
  'daemon/names.ts: letters, digits and "-" make names of workspaces and environments': [
    MACHINE,
    'make names',
  ],
  'daemon/settings.ts: set it to a number from 1 to 65535, or to 0 for any free port': [
    RESTING,
    'set it to a number from 1 to 65535',
  ],
  'front/notices.ts: cd … && …': [RESTING, 'cd (\\S+) && portramp (dev)'],
  'front/notices.ts: portramp dev': [RESTING, 'cd (\\S+) && portramp (dev)'],
  'front/notices.ts: portramp dev --env …': [RESTING, '(dev --env test)'],
  'front/notices.ts: portramp logs … -f': [RUNNING, 'logs --stack shop slow -f'],
  'front/notices.ts: portramp ls lists the addresses; "path" in portramp.yaml says what is found where': [
    WORDS,
    'portramp ls lists the addresses',
  ],
  'front/notices.ts: portramp ls shows what runs; portramp dev starts the stack of a checkout': [
    WORDS,
    'portramp ls shows what runs',
  ],
  'front/notices.ts: portramp start …': [RUNNING, '(start --stack shop later)'],
  'front/notices.ts: services.….access in portramp.yaml lets it in: access: { browser: … }': [
    'unit/front/origin.test.ts',
    'ends when the contract has that line',
  ],
  'front/notices.ts: set changeOrigin: true on that proxy, or have it dial the target directly: ${SERVICE.url} in the contract':
    ['process/front/loop.test.ts', 'changeOrigin: true'],
  'front/notices.ts: write in portramp.yaml: services.….ports: { …: { appProtocol: https } }': [
    'process/stack/tls.test.ts',
    'SERVICE_SPEAKS_TLS',
  ],
  'lib/git.ts: try again': [MACHINE, 'made when git is asked again'],
  'lib/holder.ts: portramp clean': ['process/stack/orphans.test.ts', 'portramp clean'],
  'lib/holder.ts: portramp stop --port …': ['process/stack/readiness.test.ts', "'stop', '--port'"],
  'lib/lock.ts: try again': ['unit/lib/lock.test.ts', "hint: 'try again'"],
  'lib/lock.ts: wait for it, or end it with "kill …"': [
    'unit/lib/lock.test.ts',
    'wait for it, or end it with',
  ],
  'lib/pattern.ts: put a backslash before ( ) [ ] { } * + ? . ^ $ |': [
    'unit/cures/cures.test.ts',
    'lib/pattern.ts',
  ],
  'lib/pattern.ts: write it without (?= (?! (?<= (?<! and \\1, and with repeat counts up to 1000': [
    'unit/cures/cures.test.ts',
    'lib/pattern.ts',
  ],
  'lib/silence.ts: "kill -CONT …" wakes it': ['process/stack/second-runner.test.ts', 'kill -CONT'],
  'stack/background.ts: run it in the foreground…, and end that one: kill …': [
    'process/stack/ends.test.ts',
    'and end that one: kill ',
  ],
  'stack/readiness/assess.ts: kill -CONT …': ['process/stack/readiness.test.ts', 'kill -(CONT) '],
  'lib/state-entries.ts: set PORTRAMP_HOME to a folder that you may read': [
    RESTING,
    'a folder that you may read',
  ],
  'lib/state-file.ts: look at it, then move it away: mv … …': [DAMAGE, 'move it away: (mv .+)'],
  'lib/state-file.ts: open it to yourself: chmod -R u+rwX …': ['unit/lib/state-faults.test.ts', 'chmod -R u'],
  'lib/state-folder.ts: set PORTRAMP_HOME to a folder of your own': [RESTING, 'a folder of your own'],
  'lib/state-folder.ts: set PORTRAMP_HOME to a folder that you may write to': [
    RESTING,
    'a folder that you may write to',
  ],
  'lib/state-folder.ts: set PORTRAMP_HOME to the folder that it leads to': [
    RESTING,
    'the folder that it leads to',
  ],
  'lib/system-error.ts: go to one that is there: cd ~': [WORDS, 'go to one that is there: cd ~'],
  'ports/allocate.ts: run "portramp clean" to forget checkouts that are gone, and "portramp ls --all" to see who has them':
    ['unit/ports/allocate.test.ts', 'to forget checkouts that are gone'],
  'ports/ledger-file.ts: make room on the disk; nothing that was granted before is lost': [
    'process/ports/leases.test.ts',
    'make room on the disk',
  ],
  'ports/ledger-file.ts: use the newer portramp, or another PORTRAMP_HOME': [
    FILES,
    'or another PORTRAMP_HOME',
  ],
  'lib/unrouted.ts: portramp url … --port …': ['process/front/unrouted.test.ts', 'hint.split'],
  'protocol/client.ts: install portramp … or later in this checkout': [
    'process/daemon/lifecycle.test.ts',
    'install portramp 1.0.0 or later',
  ],
  'proxy/engine/choose.ts: unset PORTRAMP_ENGINE, or set it to wire (what is used without it) or http-proxy':
    [RESTING, 'unset PORTRAMP_ENGINE'],
  'runtime/compose/detached.ts: its container … is on no network any more: "portramp restart …" puts it on its own again':
    ['engine/compose/behind.test.ts', "expectHealed('web')"],
  'runtime/compose/detached.ts: its container … is not on …: "portramp restart …" puts it there': [
    'engine/compose/networks.test.ts',
    "await ok('restart', 'gate')",
  ],
  'runtime/compose/detached.ts: its container … has the network of one that is gone: "portramp restart …" gives it that of the new one':
    ['engine/compose/networks.test.ts', 'of one that is gone: "portramp restart'],
  'runtime/compose/detached.ts: its container … has the network of …, which does not run: start that one, then "portramp restart …"':
    ['engine/compose/networks.test.ts', 'which does not run: start that'],
  'runtime/compose/detached.ts: its container … has the network that … had before it was started again: "portramp restart …" gives it that of now':
    ['engine/compose/networks.test.ts', 'has the network that nets-gateway-1 had before'],
  'runtime/compose/dot-env.ts: start what fills it, or name another: --env-file FILE': [
    COMPOSE,
    'start what fills it',
  ],
  'runtime/compose/ended.ts: start it again with "portramp start …"': [
    'engine/compose/behind.test.ts',
    'docker rm is called that, and start makes a new one',
  ],
  'runtime/compose/files.ts: write it to a file, and name that with -f': [
    COMPOSE,
    'write it to a file, and name that',
  ],
  'runtime/compose/foreign.ts: give one of the two another "name:", or remove them: docker compose -p … down':
    ['engine/compose/one-name.test.ts', 'give one of the two another'],
  'runtime/compose/foreign.ts: give one of the two another "name:" in its Compose file, or COMPOSE_PROJECT_NAME; where nobody needs that data: portramp down --volumes --dir …':
    ['engine/compose/one-name.test.ts', "first.run('down', '--volumes')"],
  'runtime/process/start-error.ts: chmod +x …': [WORDS, 'hint: chmod'],
  'runtime/process/start-error.ts: is it installed and executable, and in PATH as seen from …?': [
    WORDS,
    'is it installed and executable',
  ],
  'runtime/process/start.ts: see "dir" of the service': [MACHINE, 'see "dir" of the service'],
  'stack/commands.ts: scale a service that has a command': [WORDS, '(scale) a service that has a command'],
  'stack/compose/choices.ts: set COMPOSE_PROFILES=… in the shell or in .env…': [
    COMPOSE,
    'set COMPOSE_PROFILES=data',
  ],
  'stack/compose/choices.ts: … for this stack; for the other project: docker compose …': [
    COMPOSE,
    'for this stack; for the other',
  ],
  'stack/compose/containers.ts: end ……: portramp start …': [
    'engine/compose/contract-failures.test.ts',
    'starts the container when the port is free',
  ],
  'cli/daemon-access.ts: "portramp clean" forgets its stack': [GONE, 'forgot shop-cleaned'],
  'cli/silent-logs.ts: , and its checkout was removed or moved: portramp clean': [
    GONE,
    'forgot shop-cleaned',
  ],
  'cli/render/why.ts: ; its checkout was removed or moved: portramp clean': [GONE, 'forgot shop-cleaned'],
  'cli/why/explain.ts: portramp clean': [GONE, 'forgot shop-cleaned'],
  'front/notices.ts: portramp clean': [GONE, 'forgot shop-cleaned'],
  'stack/compose/health.ts: its container publishes … … instead of …: somebody else started it so, "portramp restart …" puts it right':
    ['engine/compose/behind.test.ts', "stack.run('restart', name)"],
  'stack/compose/renamed.ts: the Compose project would be called "…" now, and its containers are in "…": type "portramp down", then "portramp dev"':
    ['engine/compose/edits.test.ts', 'would be called "other" now'],
  'stack/compose/prepare.ts: name it with -f, or change to its folder': [COMPOSE, 'name it with -f'],
  'stack/compose/shared.ts: … is shared by all branches: "portramp down" lets go of it': [
    'engine/compose/shared.test.ts',
    'is shared by all branches',
  ],
  'stack/compose/source.ts: correct that line': [COMPOSE, 'correct that line'],
  'stack/readiness/words.ts: have it listen on 127.0.0.1, or on every address': [
    'process/stack/readiness.test.ts',
    'have it listen on 127',
  ],
  'stack/root-watch.ts: the folder … was moved to …: this stack is stopped; "portramp dev --dir ……" starts it again':
    [GONE, 'was moved to'],
  'stack/root-watch.ts: the folder … was removed or moved: this stack is stopped; "portramp clean" forgets it, or after a move, "portramp dev --dir FOLDER…" starts it again where it is now':
    [RUNNING, 'after a move, '],
  'stack/selection.ts: did you mean "…"?': [WORDS, 'dev -d apii'],
  'stack/selection.ts: there are: …': [WORDS, 'there are: '],
  'stack/service.ts: see "portramp logs …"': [RUNNING, 'start bad'],
  'stack/taken.ts: end it: …': ['process/stack/orphans.test.ts', 'hint: end it: portramp clean'],
  'stack/watch/held.ts: write "…: […]" in services.…; if somebody else writes there, "portramp restart …" lets it count again':
    ['process/stack/brakes.test.ts', 'in services'],
};
