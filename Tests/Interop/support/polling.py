"""Waiting for something to become true, with an end."""

import time


def wait_until(condition, seconds, what):
    """Polls until `condition()` is truthy and returns its value; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)
