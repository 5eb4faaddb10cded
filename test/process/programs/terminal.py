"""Runs a command in a terminal of its own, closes that once a pattern was printed, and prints how it ended."""
import os, pty, re, sys

pattern, command = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen = ""
while not re.search(pattern, seen):
    try:
        seen += os.read(terminal, 65536).decode("utf-8", "replace")
    except OSError:
        sys.exit("it ended before the pattern was printed:\n" + seen)
os.close(terminal)
_, status = os.waitpid(pid, 0)
print("signal %d" % os.WTERMSIG(status) if os.WIFSIGNALED(status) else "code %d" % os.WEXITSTATUS(status))
