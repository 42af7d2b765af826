"""Runs a command line in a terminal of its own: terminal-driver.py ROWS COLUMNS PROGRAM ARGUMENT...

What the terminal shows goes to standard output as it comes. Standard input takes lines: `keys HEX`, `signal NUMBER`,
`size ROWS COLUMNS`. Standard error tells of the program: `stopped`, `exited CODE`, `killed SIGNAL`.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios


def set_size(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))


def tell(text):
    os.write(2, (text + "\n").encode())


def obey(line, child, terminal):
    word, *rest = line.split()
    if word == "keys":
        os.write(terminal, bytes.fromhex(rest[0]))
    elif word == "signal":
        os.kill(child, int(rest[0]))
    elif word == "size":
        set_size(terminal, *rest)


def main():
    rows, columns, *command = sys.argv[1:]
    begin, may_begin = os.pipe()
    child, terminal = pty.fork()
    if child == 0:
        os.close(may_begin)
        os.read(begin, 1)
        os.execvp(command[0], command)
    os.close(begin)
    set_size(terminal, rows, columns)
    os.close(may_begin)
    commands, watched = b"", [0, terminal]
    while True:
        ready, _, _ = select.select(watched, [], [], 0.02)
        if terminal in ready:
            try:
                shown = os.read(terminal, 65536)
            except OSError:
                shown = b""
            if shown:
                os.write(1, shown)
                continue
            watched.remove(terminal)
        if 0 in ready:
            received = os.read(0, 65536)
            if not received:
                os.kill(child, signal.SIGKILL)
                watched.remove(0)
            commands += received
            while b"\n" in commands:
                line, commands = commands.split(b"\n", 1)
                obey(line.decode(), child, terminal)
        done, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED)
        if done == 0:
            continue
        if os.WIFSTOPPED(status):
            tell("stopped")
        elif os.WIFSIGNALED(status):
            return tell("killed %d" % os.WTERMSIG(status))
        else:
            return tell("exited %d" % os.WEXITSTATUS(status))


main()
