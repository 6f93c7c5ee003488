"""A shell with job control and nothing else: leads a session on a terminal and runs one job in it.

    python jobshell.py CONTROL MODE STDIN STDOUT STDERR COMMAND...

The terminal is on 0. CONTROL is a socket: JSON lines say what becomes of the job ("started", "stopped",
"ended"), words that come in say what to do ("fg", "bg", "look", "bye"). MODE is "foreground", "background" or
"leader": the job is itself the session leader, as below `ssh -t`. STDIN, STDOUT and STDERR are the
descriptors the job gets.
"""

import fcntl
import json
import os
import select
import signal
import sys
import termios


def main():
    control, mode = int(sys.argv[1]), sys.argv[2]
    streams = [int(word) for word in sys.argv[3:6]]
    if mode != "leader":
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number in (signal.SIGTTOU, signal.SIGTTIN, signal.SIGTSTP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    awake, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    job = os.fork()
    if job == 0:
        become(mode, streams, sys.argv[6:])
    if mode != "leader":
        # As bash does when its terminal goes: tell the job, then leave.
        signal.signal(signal.SIGHUP, lambda *_: (os.killpg(job, signal.SIGHUP), os._exit(129)))
        hand_over(job, mode)
    for descriptor in set(streams) - {0}:
        os.close(descriptor)
    serve(control, awake, job, mode)


def become(mode, streams, command):
    try:
        if mode == "leader":
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        else:
            hand_over(os.getpid(), mode)
        signal.set_wakeup_fd(-1)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        copies = [os.dup(descriptor) for descriptor in streams]
        for number, descriptor in enumerate(copies):
            os.dup2(descriptor, number)
        os.closerange(3, 256)
        os.execvp(command[0], command)
    finally:
        os._exit(99)


def hand_over(job, mode):
    try:
        os.setpgid(job, job)
        if mode == "foreground":
            os.tcsetpgrp(0, job)
    except OSError:
        pass  # the job has done it itself, and is on its way


def serve(control, awake, job, mode):
    def say(**event):
        try:
            os.write(control, json.dumps(event).encode() + b"\n")
        except OSError:
            os._exit(0)  # the test is over

    say(event="started", pid=job)
    ended = False
    while True:
        readable, _, _ = select.select([control, awake], [], [])
        if awake in readable:
            os.read(awake, 512)
        if control in readable:
            words = os.read(control, 4096).decode().split()
            if not words or "bye" in words:
                os._exit(0)
            for word in words:
                if word == "look":
                    say(event="looked", blocking=os.get_blocking(0))
                    continue
                if word == "fg":
                    os.tcsetpgrp(0, job)
                os.killpg(job, signal.SIGCONT)
        while not ended:
            pid, status = os.waitpid(job, os.WNOHANG | os.WUNTRACED)
            if pid == 0:
                break
            if mode != "leader":
                os.tcsetpgrp(0, os.getpgrp())
            if os.WIFSTOPPED(status):
                say(event="stopped", signal=os.WSTOPSIG(status))
            else:
                ended = True
                say(event="ended", code=os.waitstatus_to_exitcode(status))


main()
