"""A door in front of a desk that a test can watch and shut: bytes pass as they are, also over TLS."""
import socket
import ssl
import threading
from typing import Callable, List, Optional, Set


class Door:
    """On a free port of 127.0.0.1."""

    def __init__(self, port: int, tls: Optional[ssl.SSLContext] = None) -> None:
        self._to = port
        self._tls = tls
        self._through: Set[socket.socket] = set()
        self._lock = threading.Lock()
        self._heard: List[bytes] = []
        self._told: List[bytes] = []
        self._last: Optional[bytes] = None
        self.connections = 0
        self.port = 0
        self.open()

    def open(self) -> None:
        """Also again, on the same port."""
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen(64)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Ends every connection; new ones may come."""
        with self._lock:
            for each in self._through:
                _end(each)

    def cut_after(self, last: bytes) -> None:
        """The next answer with these bytes is cut behind them, once."""
        self._last = last

    def shut(self) -> None:
        """Ends every connection, and refuses new ones."""
        _end(self._listener)
        self._listener.close()
        self.cut()

    def through(self) -> Set[socket.socket]:
        """Both ends of what is open now."""
        with self._lock:
            return set(self._through)

    def heard(self, text: str) -> int:
        """How often clients sent this."""
        return b"".join(self._heard).decode("latin-1").count(text)

    def told(self, text: str) -> int:
        """How often clients were told this."""
        return b"".join(self._told).decode("latin-1").count(text)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        try:
            if self._tls is not None:
                client = self._tls.wrap_socket(client, server_side=True)
            box = socket.create_connection(("127.0.0.1", self._to))
        except OSError:
            client.close()
            return
        with self._lock:
            self._through |= {client, box}
            self.connections += 1
        back = threading.Thread(target=self._carry, args=(box, client, self._cut_piece), daemon=True)
        back.start()
        self._carry(client, box, self._hear_piece)
        back.join()
        with self._lock:
            self._through -= {client, box}
        client.close()
        box.close()

    def _carry(self, source: socket.socket, target: socket.socket, seen: Callable[[bytes], bytes]) -> None:
        try:
            piece = source.recv(65_536)
            while piece:
                passing = seen(piece)
                target.sendall(passing)
                piece = source.recv(65_536) if passing == piece else b""
        except OSError:
            pass  # cut
        _end(source)
        _end(target)

    def _hear_piece(self, piece: bytes) -> bytes:
        self._heard.append(piece)
        return piece

    def _cut_piece(self, piece: bytes) -> bytes:
        self._told.append(piece)
        last = self._last
        if last is None or last not in piece:
            return piece
        self._last = None
        return piece[: piece.index(last) + len(last)]


def _end(each: socket.socket) -> None:
    try:
        # Not the TLS socket's own: it would take apart what another thread is using.
        socket.socket.shutdown(each, socket.SHUT_RDWR)
    except OSError:
        pass  # it was gone already
