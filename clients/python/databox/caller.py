"""Requests to hosts of the box, with their tokens."""
import json
import logging
from typing import Any, Callable, Mapping, NamedTuple, Optional, Tuple, TypeVar
from urllib.parse import quote

from .errors import DataboxError, Invalid, Refused, error_of
from .place import Place
from .tokens import Route, Tokens
from .transport import Answer, Request, Stream, Transport

log = logging.getLogger("databox")
T = TypeVar("T")

#: Segments of a path, as the box compares them: not percent-encoded.
Path = Tuple[str, ...]


class Call(NamedTuple):
    host: str
    method: str
    path: Path
    #: Text after ``?``.
    query: str = ""
    #: Paths that a token is asked for, widest first; the next is tried when less is permitted. Default: ``path``.
    scopes: Tuple[Path, ...] = ()
    caveats: Tuple[Mapping[str, Any], ...] = ()
    headers: Mapping[str, str] = {}
    body: Optional[bytes] = None
    silence_seconds: float = 30.0


class Caller:
    def __init__(self, place: Place, transport: Transport, tokens: Tokens) -> None:
        self._place = place
        self._transport = transport
        self._tokens = tokens

    def ask(self, call: Call) -> Answer:
        """A 2xx answer, whole. Raises DataboxError."""

        def send(request: Request) -> Answer:
            answer = self._transport.ask(request)
            log.debug("%s %s: %d", request.method, request.url, answer.status)
            if not 200 <= answer.status < 300:
                raise error_of(answer.status, answer.body)
            return answer

        return self._with_token(call, send)

    def open(self, call: Call) -> Stream:
        """A 2xx answer that is still coming. Raises DataboxError."""

        def send(request: Request) -> Stream:
            stream = self._transport.open(request)
            log.debug("%s %s: %d", request.method, request.url, stream.status)
            if 200 <= stream.status < 300:
                return stream
            try:
                raise error_of(stream.status, stream.read())
            finally:
                stream.close()

        return self._with_token(call, send)

    def _with_token(self, call: Call, send: Callable[[Request], T]) -> T:
        """Renews the token once when the box answers 401."""
        route, token = self._permitted(call)
        try:
            return send(self._request(call, token))
        except Refused as error:
            if error.status != 401:
                raise
        self._tokens.spoil(route, token)
        return send(self._request(call, self._tokens.take(route)))

    def _permitted(self, call: Call) -> Tuple[Route, str]:
        """A wide token serves many requests; the arbiter refuses it where the owner permitted less."""
        *wide, last = call.scopes or (call.path,)
        for scope in wide:
            route = Route(call.host, call.method, text_of(scope), call.caveats)
            try:
                return route, self._tokens.take(route)
            except Refused as error:
                if error.status != 403:
                    raise
        route = Route(call.host, call.method, text_of(last), call.caveats)
        return route, self._tokens.take(route)

    def _request(self, call: Call, token: str) -> Request:
        headers = {**call.headers, "x-api-key": token}
        url = "%s%s" % (self._place.base_of(call.host), _encoded(call.path))
        if call.query:
            url += "?%s" % call.query
        return Request(call.method, url, headers, call.body, call.silence_seconds)


def text_of(path: Path) -> str:
    """The path as the box compares it. Raises Invalid for an id that would be two segments."""
    for segment in path:
        # What else no path may hold the box says itself; this it could only take for another path.
        if "/" in segment:
            raise Invalid("path.invalid", "an id, key or tag may not contain a slash: %r" % segment, 400)
    return "/" + "/".join(path)


def _encoded(path: Path) -> str:
    try:
        return "/" + "/".join(quote(segment, safe="*,") for segment in path)
    except UnicodeEncodeError as error:
        raise Invalid("path.invalid", "an id, key or tag is no Unicode text: %s" % error, 400) from error


def json_body(value: Any) -> bytes:
    """JSON of a value; a ``str`` is taken for JSON text as it is. Raises ValueError and TypeError as ``json.dumps``."""
    return (value if isinstance(value, str) else json_text(value)).encode()


def json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def parsed(answer: Answer) -> Any:
    """Raises DataboxError ``answer.invalid`` where the answer is no JSON."""
    try:
        return json.loads(answer.body.decode())
    except ValueError as error:
        raise DataboxError("answer.invalid", "the answer is no JSON: %s" % error, answer.status) from error
