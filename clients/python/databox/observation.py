"""Writes as they happen: Server-Sent Events that are opened again when they break off."""
import base64
import json
import threading
from http.client import HTTPException
from itertools import chain
from typing import Any, Callable, Iterator, NamedTuple, Optional

from .caller import Call, Caller
from .errors import DataboxError, Unreachable, is_passing
from .retrying import pauses
from .transport import Stream

#: The store sends a comment every 15 s: three missed ones, and the connection is dead.
SILENCE_SECONDS = 50.0
#: A line longer than this is no event of a store.
LINE_LIMIT_BYTES = 16 * 1024 * 1024


class Event(NamedTuple):
    """A write that was observed."""

    #: When it happened, in ms since the Unix epoch; not the entry's own time.
    timestamp: int
    path: str
    #: ``JSON``, ``TEXT`` or ``BINARY``.
    format: str
    #: A value, a str or bytes, by the format.
    data: Any


#: Told when the stream goes on after writes may have been missed: why (``restarted`` when the store was closed
#: meanwhile, else why the stream had ended), and since when, in ms since the Unix epoch; None where nobody can say.
OnGap = Callable[[str, Optional[int]], None]


class _Block(NamedTuple):
    event: str
    data: str
    id: str


class Observation(Iterator[Event]):
    """Iterates over writes from the moment it was made, waiting for the next one; also a context manager.

    Iterate in one thread; ``close`` may be called by any, and ends the iteration. A broken connection is opened again.
    Raises Refused when the owner does not, or no longer, permit it, and any other failure that will not pass.
    """

    def __init__(self, caller: Caller, call: Call, on_gap: Optional[OnGap] = None) -> None:
        self._caller = caller
        self._call = call._replace(silence_seconds=SILENCE_SECONDS)
        self._on_gap = on_gap
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._stream: Optional[Stream] = None
        self._last = ""
        self._reason = "closed"
        self._pauses = pauses()
        # Not a generator over all of this: it would hold itself, and who leaves a loop would leave the connection open.
        self._blocks = self._open()

    def __iter__(self) -> "Observation":
        return self

    def __next__(self) -> Event:
        while not self._closed.is_set():
            try:
                for block in self._blocks:
                    event = self._take(block)
                    if event is not None:
                        return event
                self._closed.wait(next(self._pauses))
                if not self._closed.is_set():
                    self._blocks = self._open()
            except DataboxError as error:
                self._blocks = iter(())
                if not is_passing(error) and not self._closed.is_set():
                    self._closed.set()
                    raise
                self._reason = str(error)
        self._blocks = iter(())
        raise StopIteration

    def __enter__(self) -> "Observation":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            self._closed.set()
            if self._stream is not None:
                self._stream.cut()

    def _open(self) -> Iterator[_Block]:
        """Blocks of a new connection, the first of which was read: the store watches from then on."""
        headers = {**self._call.headers, "accept": "text/event-stream"}
        if self._last:
            headers["last-event-id"] = self._last
        stream = self._caller.open(self._call._replace(headers=headers))
        with self._lock:
            self._stream = stream
            if self._closed.is_set():
                stream.cut()
        blocks = _blocks_of(stream)
        try:
            first = next(blocks)
        except StopIteration:
            raise Unreachable("unreachable", "the stream ended before it began") from None
        if not self._last:
            self._last = first.id
        # Together with its id the first one tells what was missed; else it says nothing.
        return chain([first], blocks) if first.event == "gap" else blocks

    def _take(self, block: _Block) -> Optional[Event]:
        # Only a stream that lives ends the row of growing pauses.
        self._pauses = pauses()
        if block.event == "gap":
            self._tell_gap(json.loads(block.data))
        self._last = block.id
        if block.event == "end":
            self._reason = str(json.loads(block.data).get("reason"))
        elif block.event == "message" and block.data:
            return _event_of(json.loads(block.data))
        return None

    def _tell_gap(self, gap: Any) -> None:
        if self._on_gap is not None:
            self._on_gap("restarted" if gap.get("reason") == "restarted" else self._reason, gap.get("since"))


def _event_of(told: Any) -> Event:
    data = base64.b64decode(told["data"]) if told["format"] == "binary" else told["data"]
    return Event(told["timestamp"], told["path"], told["format"].upper(), data)


def _blocks_of(stream: Stream) -> Iterator[_Block]:
    """Blocks of a stream, also those that only tell an id. Raises Unreachable when it breaks off."""
    event, data, last = "message", "", ""
    try:
        while True:
            raw = stream.line(LINE_LIMIT_BYTES)
            if not raw.endswith(b"\n"):
                if len(raw) >= LINE_LIMIT_BYTES:
                    raise HTTPException("a line of the stream is too long")
                return
            name, _, value = raw.decode().rstrip("\r\n").partition(":")
            value = value[1:] if value.startswith(" ") else value
            if name == "event":
                event = value
            elif name == "data":
                data += value
            elif name == "id":
                last = value
            elif name == "" and value == "" and raw.strip() == b"":
                yield _Block(event, data, last)
                event, data = "message", ""
    except (OSError, HTTPException, ValueError) as error:
        raise Unreachable("unreachable", "the stream broke off: %s" % error) from error
    finally:
        stream.close()
