#!/usr/bin/env python3
"""Runs a command on a terminal of its own and answers a question.

    terminal.py [--hold FILE] QUESTION ANSWER COMMAND…

What the command prints comes out here, its status is ours (128 + N for a signal). ANSWER is typed
once, when QUESTION has appeared; printf's escapes are understood: \\003 is Ctrl-C, \\004 the end of
input. With --hold the question's appearance makes FILE with the command's process id, and the
answer waits until FILE is gone.
"""
import os
import pty
import signal
import sys
import time

arguments = sys.argv[1:]
hold = None
if arguments[0] == "--hold":
    hold = arguments[1]
    arguments = arguments[2:]
question, answer, command = arguments[0], arguments[1], arguments[2:]
child, terminal = pty.fork()
if child == 0:
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    os.execvp(command[0], command)

seen = b""
typed = False
while True:
    try:
        some = os.read(terminal, 65536)
    except OSError:  # the other side is closed
        break
    if not some:
        break
    seen += some
    if not typed and question.encode() in seen:
        typed = True
        if hold:
            with open(hold + ".new", "w", encoding="ascii") as file:
                file.write(str(child))
            os.rename(hold + ".new", hold)
            while os.path.exists(hold):
                time.sleep(0.02)
        try:
            os.write(terminal, answer.encode().decode("unicode_escape").encode("latin-1"))
        except OSError:
            pass
sys.stdout.buffer.write(seen.replace(b"\r\n", b"\n"))
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
