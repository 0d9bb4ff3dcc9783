"""Tokens of the arbiter: asked for once for each route, kept, and renewed before they end."""
import base64
import json
import threading
import time
from typing import Any, Dict, Mapping, NamedTuple, Tuple

from .errors import DataboxError, error_of
from .place import Place
from .transport import Request, Transport

#: A token is replaced this long before it ends, so that none ends on its way.
MARGIN_SECONDS = 60.0


class Route(NamedTuple):
    target: str
    method: str
    path: str
    #: One-member conditions, ``{"destination": "https://…"}``: exactly those of a grant.
    caveats: Tuple[Mapping[str, Any], ...] = ()

    def key(self) -> str:
        return json.dumps(self)


class _Held:
    """One route's token. Its lock lets one thread ask while the others wait for the answer."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.token = ""
        self.until = 0.0


class Tokens:
    def __init__(self, place: Place, transport: Transport) -> None:
        self._place = place
        self._transport = transport
        self._held: Dict[str, _Held] = {}

    def take(self, route: Route) -> str:
        """A token for the route. Raises Refused (``permission.refused``, ``key.invalid``), Unreachable, TooMany."""
        held = self._held.setdefault(route.key(), _Held())
        with held.lock:
            if not held.token or held.until <= time.time():
                held.token = ""
                held.token = self._ask(route)
                held.until = _end_of(held.token) - MARGIN_SECONDS
            return held.token

    def spoil(self, route: Route, token: str) -> None:
        """The box refused this token: the next ``take`` asks for another."""
        held = self._held.setdefault(route.key(), _Held())
        with held.lock:
            # Another thread may have renewed it already.
            if held.token == token:
                held.token = ""

    def _ask(self, route: Route) -> str:
        body = {"target": route.target, "method": route.method, "path": route.path, "caveats": route.caveats}
        answer = self._transport.ask(
            Request(
                method="POST",
                url="%s/token" % self._place.base_of("arbiter"),
                headers={"x-api-key": self._place.key(), "content-type": "application/json"},
                body=json.dumps(body).encode(),
            )
        )
        if answer.status != 200:
            raise error_of(answer.status, answer.body)
        token = answer.body.decode("latin-1").strip()
        if not token:
            raise DataboxError("answer.invalid", "the arbiter gave an empty token", answer.status)
        return token


def _end_of(token: str) -> float:
    """When the token ends, in seconds since the Unix epoch: the ``exp`` of its middle part; never, if it has none."""
    try:
        middle = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        return float(claims["exp"])
    except (IndexError, KeyError, TypeError, ValueError):
        return float("inf")
