"""HTTP over kept connections. Several threads may use one transport."""
import select
import socket
import ssl
import threading
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple
from urllib.parse import urlsplit

from .errors import DataboxError, NotAComponent, Unreachable

#: An answer longer than this was not meant to be read whole.
ANSWER_LIMIT_BYTES = 256 * 1024 * 1024
#: Connections to one host that are kept without use; each further thread opens its own.
IDLE_CONNECTIONS = 8


class Request(NamedTuple):
    method: str
    url: str
    headers: Mapping[str, str]
    body: Optional[bytes] = None
    #: Longest silence before the answer, and within it.
    silence_seconds: float = 30.0


class Answer(NamedTuple):
    status: int
    #: By lower-case name.
    headers: Mapping[str, str]
    body: bytes


class Stream:
    """An answer that is still coming. ``cut`` may be called by any thread, and wakes the one that reads."""

    def __init__(self, response: HTTPResponse, sock: socket.socket) -> None:
        self.status = response.status
        self._response = response
        self._socket = sock

    def read(self) -> bytes:
        """All that is left."""
        return _whole_of(self._response)

    def line(self, limit: int) -> bytes:
        """The next line with its end; empty when the answer has ended."""
        return self._response.readline(limit)

    def cut(self) -> None:
        try:
            # Not the TLS socket's own: it would take apart what the reading thread is using.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        except OSError:
            pass  # it was gone already

    def close(self) -> None:
        self.cut()
        self._response.close()
        self._socket.close()


class Transport:
    """``ca``: PEM of the only authority that is trusted then. Closed, it refuses what is asked."""

    def __init__(self, ca: Optional[str]) -> None:
        try:
            self._tls = None if ca is None else ssl.create_default_context(cadata=ca)
        except (ssl.SSLError, ValueError) as error:
            raise NotAComponent("environment.invalid", "DATABOX_ROOT_CA is no certificate: %s" % error) from error
        if self._tls is not None:
            self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._idle: Dict[Tuple[str, str], List[HTTPConnection]] = {}
        self._lock = threading.Lock()
        self._closed = False

    def ask(self, request: Request) -> Answer:
        """A whole answer, of whatever status."""
        connection, response = self._send(request)
        try:
            headers = {name.lower(): value for name, value in response.getheaders()}
            answer = Answer(response.status, headers, _whole_of(response))
        except (OSError, HTTPException) as error:
            connection.close()
            raise _unreachable(request, error) from error
        except DataboxError:
            connection.close()
            raise
        self._keep(request, connection)
        return answer

    def open(self, request: Request) -> Stream:
        """An answer that is still coming; whoever asked closes it."""
        connection = self._connection(request, fresh=True)
        try:
            connection.connect()
            # An answer that ends its connection takes the socket away from it.
            sock = connection.sock
            return Stream(_exchange(connection, request), sock)
        except (OSError, HTTPException) as error:
            connection.close()
            raise _unreachable(request, error) from error

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle = [connection for kept in self._idle.values() for connection in kept]
            self._idle.clear()
        for connection in idle:
            connection.close()

    def _send(self, request: Request) -> Tuple[HTTPConnection, HTTPResponse]:
        connection = self._connection(request)
        is_kept = connection.sock is not None
        try:
            return connection, _exchange(connection, request)
        except (OSError, HTTPException) as error:
            connection.close()
            # The box closed a kept connection while the request was on its way: a read may simply be asked again.
            if not (is_kept and request.method == "GET" and isinstance(error, ConnectionError)):
                raise _unreachable(request, error) from error
        connection = self._connection(request, fresh=True)
        try:
            return connection, _exchange(connection, request)
        except (OSError, HTTPException) as error:
            connection.close()
            raise _unreachable(request, error) from error

    def _connection(self, request: Request, fresh: bool = False) -> HTTPConnection:
        scheme, host = urlsplit(request.url)[:2]
        with self._lock:
            if self._closed:
                raise DataboxError("closed", "this client was closed")
            kept = self._idle.get((scheme, host), [])
            while kept and not fresh:
                connection = kept.pop()
                if _is_alive(connection):
                    return connection
                connection.close()
        if scheme == "https":
            return HTTPSConnection(host, timeout=request.silence_seconds, context=self._tls)
        return HTTPConnection(host, timeout=request.silence_seconds)

    def _keep(self, request: Request, connection: HTTPConnection) -> None:
        scheme, host = urlsplit(request.url)[:2]
        with self._lock:
            kept = self._idle.setdefault((scheme, host), [])
            if connection.sock is not None and not self._closed and len(kept) < IDLE_CONNECTIONS:
                kept.append(connection)
                return
        connection.close()


def _is_alive(connection: HTTPConnection) -> bool:
    """Nothing is due on an idle connection: what can be read there is its end."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return not poll.poll(0)


def _exchange(connection: HTTPConnection, request: Request) -> HTTPResponse:
    if connection.sock is not None:
        connection.sock.settimeout(request.silence_seconds)
    target = urlsplit(request.url)
    path = target.path + ("?%s" % target.query if target.query else "")
    try:
        connection.request(request.method, path, request.body, dict(request.headers))
    except ConnectionError:
        # A body that is too large is refused, and the connection closed, before all of it was sent: hear the reason.
        if request.body is None or connection.sock is None:
            raise
    return connection.getresponse()


def _whole_of(response: HTTPResponse) -> bytes:
    # The box tells an answer's length, or ends it with an empty chunk: without either nobody knows that it is whole.
    if response.length is None and not response.chunked:
        raise HTTPException("the answer does not say where it ends")
    if response.length is not None and response.length <= ANSWER_LIMIT_BYTES:
        # Not by the piece: one that breaks off would pass for a whole one.
        return response.read()
    pieces: List[bytes] = []
    size = response.length or 0
    while size <= ANSWER_LIMIT_BYTES:
        piece = response.read(64 * 1024)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        size += len(piece)
    raise DataboxError("answer.invalid", "the answer has more than %d bytes: read it in pages" % ANSWER_LIMIT_BYTES)


def _unreachable(request: Request, error: Exception) -> Unreachable:
    reason = str(error) or type(error).__name__
    return Unreachable("unreachable", "%s does not answer: %s" % (urlsplit(request.url).netloc, reason))
