"""Opens the page in the user's browser, where there is one to open."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser


def open_browser(address: str) -> bool:
    """Open an address without waiting for the browser.

    Returns:
        Whether it was tried: a Linux machine without a screen has text browsers at most, which
        would take the terminal.
    """
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return False
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    return True
