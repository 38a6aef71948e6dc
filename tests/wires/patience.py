"""Waiting for what real threads and sockets do, no longer than it takes."""

import threading

from scheduler.clock import system_mono_s


def until(look, patience_s=8.0):
    """Whatever `look` returns once it is true; the last of it when patience ends."""
    pause, end_s = threading.Event(), system_mono_s() + patience_s
    while not (found := look()) and system_mono_s() < end_s:
        pause.wait(0.02)
    return found
