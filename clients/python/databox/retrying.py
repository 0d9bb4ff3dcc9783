"""Trying again what may succeed later."""
import random
import time
from typing import Callable, Iterator, Optional, TypeVar

from .errors import DataboxError, is_passing

T = TypeVar("T")


def pauses() -> Iterator[float]:
    """Seconds that double from 0.25 to 10, each shortened by chance so that components do not return all at once."""
    seconds = 0.25
    while True:
        yield seconds * random.uniform(0.5, 1.0)
        seconds = min(seconds * 2, 10.0)


def retry(
    task: Callable[[], T],
    timeout_seconds: float = float("inf"),
    on_failure: Optional[Callable[[DataboxError, float], None]] = None,
) -> T:
    """Does a task until it succeeds or fails for good, with what it raised last.

    timeout_seconds: give up after this long.
    on_failure: told of each failure that is followed by another try, and of the seconds until then.
    """
    end = time.monotonic() + timeout_seconds
    for pause in pauses():
        try:
            return task()
        except DataboxError as error:
            seconds = max(pause, error.retry_after_seconds)
            if not is_passing(error) or time.monotonic() + seconds > end:
                raise
            if on_failure is not None:
                on_failure(error, seconds)
        time.sleep(seconds)
    raise AssertionError("pauses never end")
