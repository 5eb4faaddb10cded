"""Runs a command in a terminal of its own, halts its output (Ctrl-S) once a pattern was printed and says so; at the
next line of the input goes on (Ctrl-Q), and at the one after that presses Ctrl-C. Prints what the command printed."""
import os, pty, re, sys, threading

pattern, command = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
halted = threading.Event()
seen = ""


def press():
    for key in (b"\x11", b"\x03"):
        sys.stdin.readline()
        os.write(terminal, key)


while True:
    try:
        seen += os.read(terminal, 65536).decode("utf-8", "replace")
    except OSError:
        break
    if not halted.is_set() and re.search(pattern, seen):
        halted.set()
        os.write(terminal, b"\x13")
        print("halted", flush=True)
        threading.Thread(target=press, daemon=True).start()
_, status = os.waitpid(pid, 0)
print(seen)
print("signal %d" % os.WTERMSIG(status) if os.WIFSIGNALED(status) else "code %d" % os.WEXITSTATUS(status))
