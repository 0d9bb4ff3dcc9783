"""Time series of a store: numbers below ``/ts``, documents below ``/ts/blob``."""
import json
import re
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from .caller import Call, Caller, Path, json_body, json_text, parsed
from .errors import Invalid
from .observation import Observation, OnGap
from .retrying import retry

#: Bytes of lines in one request of an import, about: some thousand points.
PART_BYTES = 256 * 1024
#: Entries in a page.
PAGE = 1000
EARLIEST_MS = -(2**53 - 1)

_media = {"JSON": "application/json", "TEXT": "text/plain", "BINARY": "application/octet-stream"}


class Entry(NamedTuple):
    #: Ms since the Unix epoch.
    timestamp: int
    data: Any


class Filter(NamedTuple):
    """Of a numeric series: entries whose tag ``equals`` or ``contains`` the text."""

    tag: str
    type: str
    text: str


def media_of(content_format: str) -> str:
    """Raises ValueError for other than ``JSON``, ``TEXT`` and ``BINARY``."""
    if content_format not in _media:
        raise ValueError("content_format is JSON, TEXT or BINARY, not %r" % content_format)
    return _media[content_format]


class TimeSeries:
    """Series of documents: JSON objects or arrays. Every call raises DataboxError.

    A time is whole ms since the Unix epoch. Entries come newest first, except from ``first``. When reading or deleting
    ``id`` may be several ids joined by commas: each is selected on its own, the results are merged. A series that
    nobody wrote is empty.
    """

    _kind: Path = ("ts", "blob")

    def __init__(self, caller: Caller, host: str) -> None:
        self._caller = caller
        self._host = host

    def write(self, id: str, payload: Any, content_format: str = "JSON") -> None:
        """An entry of now; it is on disk when this returns. A ``str`` is taken for JSON text; series hold JSON only."""
        self._post(self._call("POST", id), json_body(payload), media_of(content_format))

    def write_at(self, id: str, timestamp: int, payload: Any) -> None:
        call = self._call("POST", id, "at", _ms(timestamp))
        # One token for every moment.
        self._post(call._replace(scopes=((*self._kind, id, "at", "*"),)), json_body(payload))

    def batch(self, id: str, entries: Iterable[Tuple[Optional[int], Any]]) -> int:
        """All or none of them, at most 10,000 and 1 MiB; an entry without a timestamp (None) is of now.

        Returns how many. Raises Invalid; ``details["pointer"]`` says which entry, and what of it.
        """
        body = "[%s]" % ",".join(_line(timestamp, data) for timestamp, data in entries)
        return _written(self._post(self._call("POST", id, "batch"), body.encode()))

    def import_(self, id: str, entries: Iterable[Tuple[int, Any]], timeout_seconds: float = 60.0) -> int:
        """Any number of entries in little memory, in requests of some thousand each. Returns how many were not there.

        One that the series has already (same time, same data) is not written again: after a failure import the whole
        once more. What passes is tried again, each request for ``timeout_seconds``. Raises Invalid as ``batch``;
        ``details["line"]``, from 1, is the entry at fault, and all before it are written.
        """
        call = self._call("POST", id, "batch")
        written = before = 0
        for lines in _in_parts(entries):
            body = "".join(lines).encode()
            try:
                written += retry(lambda: _written(self._post(call, body, "application/x-ndjson")), timeout_seconds)
            except Invalid as error:
                if "line" in error.details:
                    error.details = {**error.details, "line": before + error.details["line"]}
                raise
            before += len(lines)
        return written

    def latest(self, id: str, content_format: str = "JSON") -> List[Entry]:
        """The newest entry, one for each id; ``[]`` of an empty series."""
        return self._entries(id, ("latest",), content_format)

    def earliest(self, id: str, content_format: str = "JSON") -> List[Entry]:
        """The oldest entry, one for each id; ``[]`` of an empty series."""
        return self._entries(id, ("earliest",), content_format)

    def last(self, id: str, n: int) -> List[Entry]:
        """At most the newest ``n``, up to 1,000,000."""
        return self._entries(id, ("last", str(n)))

    def first(self, id: str, n: int) -> List[Entry]:
        """At most the oldest ``n``, up to 1,000,000, oldest first."""
        return self._entries(id, ("first", str(n)))

    def since(self, id: str, timestamp: int) -> List[Entry]:
        """From a time on, included."""
        return self._entries(id, ("since", _ms(timestamp)))

    def range(self, id: str, start: int, end: int) -> List[Entry]:
        """From one time to another, both included."""
        return self._entries(id, ("range", _ms(start), _ms(end)))

    def pages(self, id: str, start: Optional[int] = None, end: Optional[int] = None) -> Iterator[Entry]:
        """Entries one after the other: any number in little memory, read page by page as the loop goes on.

        Of what is written meanwhile only what is older than the last one read is among them.
        """
        return self._pages(id, _span(start, end))

    def length(self, id: str) -> int:
        return int(self._read(id, ("length",))["length"])

    def delete_since(self, id: str, timestamp: int) -> None:
        """Exactly what ``since`` answers."""
        self._delete(id, ("since", _ms(timestamp)))

    def delete_range(self, id: str, start: int, end: int) -> None:
        """Exactly what ``range`` answers."""
        self._delete(id, ("range", _ms(start), _ms(end)))

    def observe(self, id: str, on_gap: Optional[OnGap] = None) -> Observation:
        """What ``write`` writes from now on; not what is written at a time of its own, by ``write_at``."""
        return Observation(self._caller, self._call("GET", id), on_gap)

    def _call(self, method: str, id: str, *rest: str) -> Call:
        """A token for everything below the datasource serves all of its reads, or deletes."""
        base = (*self._kind, id)
        path = (*base, *rest)
        return Call(self._host, method, path, scopes=((*base, "*"), path) if rest else (path,))

    def _post(self, call: Call, body: bytes, media: str = "application/json") -> bytes:
        return self._caller.ask(call._replace(body=body, headers={"content-type": media})).body

    def _read(self, id: str, what: Path, content_format: str = "JSON") -> Any:
        call = self._call("GET", id, *what)._replace(headers={"accept": media_of(content_format)})
        return parsed(self._caller.ask(call))

    def _entries(self, id: str, what: Path, content_format: str = "JSON") -> List[Entry]:
        return _entries_of(self._read(id, what, content_format))

    def _pages(self, id: str, what: Path) -> Iterator[Entry]:
        query = "limit=%d" % PAGE
        while query:
            answer = self._caller.ask(self._call("GET", id, *what)._replace(query=query))
            yield from _entries_of(parsed(answer))
            following = re.match(r'<\?([^>]+)>; rel="next"$', answer.headers.get("link", ""))
            query = following.group(1) if following else ""

    def _delete(self, id: str, what: Path) -> None:
        self._caller.ask(self._call("DELETE", id, *what))


class NumericSeries(TimeSeries):
    """Series of points ``{"value": 21.5, "room": "kitchen"}``: a number and at most one tag, a text."""

    _kind: Path = ("ts",)

    def last(self, id: str, n: int, filter: Optional[Filter] = None) -> List[Entry]:
        return self._entries(id, ("last", str(n), *_filtered(filter)))

    def first(self, id: str, n: int, filter: Optional[Filter] = None) -> List[Entry]:
        return self._entries(id, ("first", str(n), *_filtered(filter)))

    def since(self, id: str, timestamp: int, filter: Optional[Filter] = None) -> List[Entry]:
        return self._entries(id, ("since", _ms(timestamp), *_filtered(filter)))

    def range(self, id: str, start: int, end: int, filter: Optional[Filter] = None) -> List[Entry]:
        return self._entries(id, ("range", _ms(start), _ms(end), *_filtered(filter)))

    def pages(
        self, id: str, start: Optional[int] = None, end: Optional[int] = None, filter: Optional[Filter] = None
    ) -> Iterator[Entry]:
        return self._pages(id, (*_span(start, end), *_filtered(filter)))

    def delete_since(self, id: str, timestamp: int, filter: Optional[Filter] = None) -> None:
        self._delete(id, ("since", _ms(timestamp), *_filtered(filter)))

    def delete_range(self, id: str, start: int, end: int, filter: Optional[Filter] = None) -> None:
        self._delete(id, ("range", _ms(start), _ms(end), *_filtered(filter)))

    def aggregate(
        self,
        id: str,
        aggregation: str,
        start: Optional[int] = None,
        end: Optional[int] = None,
        last: Optional[int] = None,
        filter: Optional[Filter] = None,
    ) -> Optional[float]:
        """``sum``, ``count``, ``min``, ``max``, ``mean``, ``median`` or ``sd``; None where there is none.

        Of the newest ``last`` entries, else of those from ``start`` to ``end``, both included.
        """
        what = _span(start, end) if last is None else ("last", str(last))
        result = self._read(id, (*what, *_filtered(filter), aggregation)).get("result")
        return None if result is None else float(result)

    def buckets(
        self,
        id: str,
        aggregation: str,
        every_ms: int,
        start: Optional[int] = None,
        end: Optional[int] = None,
        filter: Optional[Filter] = None,
        minimum_sample_interval: Optional[int] = None,
    ) -> List[Entry]:
        """An aggregate for each stretch of ``every_ms`` that has one, at its start, a multiple of it.

        ``data`` is ``{"value": …}``. minimum_sample_interval: of the datasource's metadata; where the owner agreed
        to aggregates only, ``every_ms`` must be a multiple of it.
        """
        call = self._call("GET", id, *_span(start, end), *_filtered(filter), "every", str(every_ms), aggregation)
        caveat: Mapping[str, Any] = {"minimum-sample-interval": minimum_sample_interval}
        return _entries_of(
            parsed(self._caller.ask(call._replace(caveats=() if minimum_sample_interval is None else (caveat,))))
        )


def _ms(timestamp: int) -> str:
    """Raises TypeError for a float: seconds, as ``time.time`` gives them, are no ms."""
    if not isinstance(timestamp, int):
        raise TypeError("a time is whole ms since the Unix epoch, not %r" % (timestamp,))
    return str(timestamp)


def _span(start: Optional[int], end: Optional[int]) -> Path:
    begin = _ms(EARLIEST_MS if start is None else start)
    return ("since", begin) if end is None else ("range", begin, _ms(end))


def _filtered(filter: Optional[Filter]) -> Path:
    return () if filter is None else ("filter", filter.tag, filter.type, filter.text)


def _entries_of(answer: Any) -> List[Entry]:
    return [Entry(entry["timestamp"], entry["data"]) for entry in answer]


def _line(timestamp: Optional[int], data: Any) -> str:
    entry: Dict[str, Any] = {"data": data}
    if timestamp is not None:
        entry["timestamp"] = int(_ms(timestamp))
    return json_text(entry)


def _in_parts(entries: Iterable[Tuple[int, Any]]) -> Iterator[List[str]]:
    lines: List[str] = []
    size = 0
    for timestamp, data in entries:
        lines.append(_line(timestamp, data) + "\n")
        size += len(lines[-1])
        if size >= PART_BYTES:
            yield lines
            lines, size = [], 0
    if lines:
        yield lines


def _written(answer: bytes) -> int:
    return int(json.loads(answer.decode())["written"])
