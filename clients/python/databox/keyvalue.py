"""Keys and values of a store."""
from typing import Any, List, NamedTuple, Optional

from .caller import Call, Caller, json_body, parsed
from .observation import Observation, OnGap
from .series import media_of
from .transport import Answer


class Tagged(NamedTuple):
    """A value, and what a change that is meant for it names; ``etag`` is None of a missing key."""

    value: Any
    etag: Optional[str]


class KeyValue:
    """``content_format``: ``JSON``, ``TEXT`` or ``BINARY``, three namespaces; the same key may hold a value in each.

    JSON is an object or array; a ``str`` is taken for JSON text as it is. Every call raises DataboxError.
    """

    def __init__(self, caller: Caller, host: str) -> None:
        self._caller = caller
        self._host = host

    def write(self, id: str, key: str, payload: Any, content_format: str = "JSON") -> None:
        """It is on disk when this returns."""
        self._caller.ask(self._write(id, key, payload, content_format))

    def read(self, id: str, key: str, content_format: str = "JSON") -> Any:
        """A value, a str or bytes; a missing key reads as ``{}``, ``""`` or ``b""``."""
        return self.read_tagged(id, key, content_format).value

    def read_tagged(self, id: str, key: str, content_format: str = "JSON") -> Tagged:
        """The same with what tells whether it has changed."""
        answer = self._caller.ask(self._call("GET", id, key, content_format))
        return Tagged(_value_of(answer, content_format), answer.headers.get("etag"))

    def replace(self, id: str, key: str, payload: Any, etag: Optional[str], content_format: str = "JSON") -> str:
        """Writes only in place of the value that ``read_tagged`` answered; returns the new one's etag.

        Of several who write for the same, one succeeds. Raises Conflict (``precondition.failed``): read it again.
        """
        call = self._write(id, key, payload, content_format)
        only = {"if-none-match": "*"} if etag is None else {"if-match": etag}
        return self._caller.ask(call._replace(headers={**call.headers, **only})).headers.get("etag", "")

    def delete(self, id: str, key: str, content_format: str = "JSON", etag: Optional[str] = None) -> None:
        """With an etag only the value that ``read_tagged`` answered, else Conflict."""
        call = self._call("DELETE", id, key, content_format)
        only = {} if etag is None else {"if-match": etag}
        self._caller.ask(call._replace(headers={**call.headers, **only}))

    def list_keys(self, id: str, content_format: str = "JSON") -> List[str]:
        """Newest first; writing a key again does not move it."""
        return [str(key) for key in parsed(self._caller.ask(self._call("GET", id, "keys", content_format)))]

    def observe(self, id: str, on_gap: Optional[OnGap] = None) -> Observation:
        """Writes to any key of the id, of any format, from now on."""
        return self.observe_key(id, "*", on_gap)

    def observe_key(self, id: str, key: str, on_gap: Optional[OnGap] = None) -> Observation:
        return Observation(self._caller, self._call("GET", id, key, "JSON"), on_gap)

    def _call(self, method: str, id: str, key: str, content_format: str) -> Call:
        """A token for the id serves all of its keys."""
        path = ("kv", id, key)
        return Call(
            self._host, method, path, scopes=(("kv", id, "*"), path), headers={"accept": media_of(content_format)}
        )

    def _write(self, id: str, key: str, payload: Any, content_format: str) -> Call:
        headers = {"content-type": media_of(content_format)}
        return self._call("POST", id, key, content_format)._replace(
            headers=headers, body=_body_of(payload, content_format)
        )


def _body_of(payload: Any, content_format: str) -> bytes:
    """Raises TypeError where a value is not of its format."""
    if content_format == "JSON":
        return json_body(payload)
    if content_format == "TEXT" and isinstance(payload, str):
        return payload.encode()
    if content_format == "BINARY" and isinstance(payload, (bytes, bytearray, memoryview)):
        return bytes(payload)
    raise TypeError("%s is no %s" % (type(payload).__name__, content_format))


def _value_of(answer: Answer, content_format: str) -> Any:
    if content_format == "BINARY":
        return answer.body
    return answer.body.decode() if content_format == "TEXT" else parsed(answer)
