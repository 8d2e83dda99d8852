"""A command on a real pseudo-terminal, and what stands on its screen."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import termios

import pexpect.fdpexpect
import pyte

from tests.test_cli import COMMAND

_READY = "\x1b[?2004h"
_HEIGHT, _WIDTH = 30, 100
_SIZE = {"COLUMNS", "LINES"}
"""Variables that say of another terminal how large it is, and would win over this one's size."""
_END = "\x00end\x00"
# The command's own terminal, so that Ctrl-C reaches it; a fork here would copy threads of servers.
# When whoever owns a terminal ends, what was not read of it may be lost: so its owner says when the
# command has ended, and stays until that was read.
_OWNER = """
import fcntl, os, signal, subprocess, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
command = subprocess.Popen(sys.argv[3:])
signal.signal(signal.SIGINT, signal.SIG_IGN)
status = command.wait()
os.write(1, bytes.fromhex(sys.argv[2]))
os.read(int(sys.argv[1]), 1)
sys.exit(status)
"""


class Terminal:
    """A command that is typed to, as a person does."""

    def __init__(self, *arguments, **environment):
        self._log = _Log()
        main, other = pty.openpty()
        until, self._let_go = os.pipe()
        termios.tcsetwinsize(other, (_HEIGHT, _WIDTH))
        self._process = subprocess.Popen(  # noqa: S603  # our own command
            [
                *(sys.executable, "-c", _OWNER, str(until), _END.encode().hex()),
                *(*COMMAND, *map(str, arguments)),
            ],
            pass_fds=[until],
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
            env={
                **{name: value for name, value in os.environ.items() if name not in _SIZE},
                "TERM": "xterm-256color",
                "PROMPT_TOOLKIT_NO_CPR": "1",
                "NO_COLOR": "",
                **environment,
            },
        )
        os.close(other)
        os.close(until)
        self._typed = pexpect.fdpexpect.fdspawn(main, encoding="utf-8", timeout=60)
        self._typed.delaybeforesend = None
        self._typed.logfile_read = self._log

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._typed.close()
        os.close(self._let_go)

    def ready(self):
        """Wait until a prompt can be typed."""
        self._typed.expect_exact(_READY)

    def until(self, words):
        self._typed.expect_exact(words)

    def type(self, text, until=None):
        """Type a line, and wait for words in what it brings, and for the next prompt."""
        self._typed.send(f"{text}\r")
        if until is not None:
            self._typed.expect_exact(until)
        self.ready()

    def press(self, keys):
        self._typed.send(keys)

    def interrupt(self):
        self._typed.send("\x03")

    def end(self):
        """Wait for the command to end; return its exit code."""
        self._typed.expect_exact(_END)
        os.write(self._let_go, b".")
        return self._process.wait(timeout=60)

    @property
    def output(self):
        """All that was shown, escape codes too."""
        return "".join(self._log.parts).replace(_END, "")

    @property
    def lines(self):
        """What a person sees, what scrolled away too."""
        screen = pyte.HistoryScreen(_WIDTH, _HEIGHT, history=1000, ratio=1)
        # Not among what this emulator knows.
        pyte.Stream(screen).feed(re.sub(r"\x1b\[\?2004[hl]", "", self.output))
        above = ["".join(line[x].data for x in range(_WIDTH)) for line in screen.history.top]
        return [line.rstrip() for line in (*above, *screen.display) if line.strip()]


class _Log:
    def __init__(self):
        self.parts = []

    def write(self, text):
        self.parts.append(text)

    def flush(self):
        """Nothing is held back."""
