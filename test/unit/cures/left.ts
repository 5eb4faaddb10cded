/** Hints of the rooms that are not about a contract alone that nobody types, and why. */

const SHOWS = 'leads to more words, and no test has read them';
const OWNER = 'asks for a look at an owner, and root, who runs these tests, may do everything';
const INSTALLS = 'installs a program, or sets up the machine';
const LATE = 'said of something that stands still, or has just gone';
const ENGINE = 'an edit of Compose files that only a real engine refuses';

/** `file: hint` → why nobody types it. */
export const LEFT: Readonly<Record<string, string>> = {
  'cli/doctor.ts: without it every folder is a workspace of its own, and worktrees are not told apart':
    INSTALLS,
  'cli/doctor.ts: the front listens on 127.0.0.1 only': SHOWS,
  'cli/doctor.ts: install libnss-myhostname, or use the address that "portramp ls" shows': INSTALLS,
  'cli/doctor.ts: sudo sysctl fs.inotify.max_user_watches=524288': INSTALLS,
  'cli/lasting.ts: "portramp daemon start" starts it again; what runs goes on': LATE,
  'cli/unattended.ts: docker stop …': 'said where the engine itself refuses to stop a container',
  'cli/commands/exec.ts: portramp compose exec … …': ENGINE,
  'cli/dev/detached.ts: it goes on; "portramp ls" shows how far it is, "portramp down" stops it': LATE,
  'cli/dev/detached.ts: start it again with "portramp dev -d"': LATE,
  'cli/render/view.ts: … lines were not shown meanwhile: "portramp logs" has them':
    'of a terminal that is behind',
  'cli/render/view.ts: …; "portramp restart …" tells it the new ones': SHOWS,
  'cli/waiting/outcome.ts: the old one serves on; see "portramp logs …"': SHOWS,
  'cli/render/why.ts: portramp logs …': SHOWS,
  'cli/waiting/scaled.ts: see "portramp logs …"; after a cure, "portramp restart …"': SHOWS,
  'cli/waiting/wait.ts: "portramp ls" shows how far it is': LATE,
  'daemon/control.ts: try again': LATE,
  'daemon/dispatch.ts: install the newer portramp in both places': INSTALLS,
  'daemon/routes.ts: portramp why …': SHOWS,
  'daemon/sessions.ts: start it with "portramp dev"': LATE,
  'daemon/sessions.ts: "portramp logs -f" shows it, "portramp down" stops it': LATE,
  'front/notices.ts: portramp restart …': 'stands where the service gives no reason: no case is',
  'front/notices.ts: portramp logs …': SHOWS,
  'front/notices.ts: write in portramp.yaml: services.….external: https://…:…':
    'process/front/tls.test.ts provokes it without a contract',
  'front/notices.ts: portramp ls': SHOWS,
  'front/notices.ts: portramp daemon status': SHOWS,
  'lib/silence.ts: let it go on there': LATE,
  'lib/silence.ts: try again': LATE,
  'ports/ledger-file.ts: see who owns that file and the disk it is on: names and port numbers are kept in it':
    OWNER,
  'ports/ledger-file.ts: see who owns the state folder and its files': OWNER,
  'protocol/client.ts: see …': SHOWS,
  'protocol/client.ts: see …, then try again': SHOWS,
  'protocol/client.ts: run "portramp daemon start" with the newer portramp': INSTALLS,
  'protocol/connection.ts: try again': LATE,
  'protocol/daemon-copy.ts: this installation of portramp is incomplete: install it again ("npm run build" in its own repository)':
    INSTALLS,
  'protocol/dial.ts: try again; "kill -CONT" and its pid, which daemon.lock in the state folder says, wakes a stopped one':
    LATE,
  'protocol/start-report.ts: see daemon.log in the state folder': SHOWS,
  'runtime/compose/ended.ts: raise its memory limit (mem_limit, deploy.resources.limits) in the Compose file':
    ENGINE,
  'runtime/compose/failure.ts: docker pull …, or have it built: portramp compose build': 'asks a registry',
  'runtime/compose/failure.ts: see "docker compose config"': SHOWS,
  'runtime/compose/failure.ts: start it again': ENGINE,
  'runtime/compose/failure.ts: see the whole of it: portramp compose build': SHOWS,
  'runtime/compose/failure.ts: wake it: portramp compose unpause': ENGINE,
  'runtime/compose/start.ts: take … down first: one container cannot be two': ENGINE,
  'runtime/compose/up.ts: end … and try again; nothing was started': ENGINE,
  'runtime/engine/client.ts: add this user to the group "docker"': INSTALLS,
  'runtime/engine/client.ts: start Docker (or Podman), and see "docker info"': INSTALLS,
  'runtime/process/start.ts: see who owns it: ls -ld …': OWNER,
  'runtime/runs/stack-lock.ts: "portramp logs -f" shows it, "portramp down" stops it': LATE,
  'stack/commands.ts: docker compose runs several: portramp compose up -d --scale …=…': ENGINE,
  'stack/taken.ts: end it, then start the service again': 'nobody may know who it is',
  'stack/readiness/words.ts: give it the port that PORT says': 'an edit of the program',
  'stack/readiness/words.ts: see "portramp logs …"': SHOWS,
  'stack/refused-hosts.ts: "portramp why …" says more': SHOWS,
  'stack/refused-hosts.ts: it does not run, and keeps its names until "portramp clean …" or its checkout is gone':
    SHOWS,
  'stack/runner.ts: containers run on; "portramp clean" removes them': SHOWS,
  'stack/runner.ts: containers run on; "portramp down" removes them':
    'the test that provokes it takes them over',
  'stack/outdated.ts: its port has changed again: portramp restart …': SHOWS,
  'stack/compose/containers.ts: install Docker Compose 2.24.4 or newer, or name its program in PORTRAMP_COMPOSE':
    INSTALLS,
  'stack/compose/prepare.ts: write volumes.NAME, networks.NAME or services.NAME': ENGINE,
  'stack/compose/prepare.ts: did you mean "…"?': ENGINE,
  'stack/compose/resolved.ts: correct the file, and ask again': ENGINE,
  'stack/compose/source.ts: this is a bug of portramp or of Compose …; nothing was started': ENGINE,
  'front/notices.ts: portramp why …': SHOWS,
};
