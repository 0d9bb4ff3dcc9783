import http.server
import json
import socketserver
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any, Dict, List, Tuple

import databox

from . import certificates, desk

Received = List[Tuple[str, Any]]


class Destination(http.server.BaseHTTPRequestHandler):
    received: Received

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.received.append((self.headers.get("idempotency-key", ""), json.loads(body.decode())))
        self.send_response(202)
        self.end_headers()
        self.wfile.write("bitte ü".encode())

    def log_message(self, *_: Any) -> None:
        pass


class Names(socketserver.BaseRequestHandler):
    """Name server: any name has the one address 127.0.0.1."""

    def handle(self) -> None:
        query, sock = self.request
        end = query.index(b"\0", 12) + 5
        is_a = query[end - 4 : end - 2] == b"\0\1"
        record = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1" if is_a else b""
        header = query[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_a else b"\0\0") + b"\0\0\0\0"
        sock.sendto(header + query[12:end] + record, self.client_address)


class ExportTest(unittest.TestCase):
    """A destination with a certificate, at a name that this box may export to although it is this machine."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        ca = Path(folder.name) / "ca.pem"
        ca.write_text(certificates.pem()["root"])
        self.received: Received = []
        handler = type("Receiving", (Destination,), {"received": self.received})
        server = http.server.HTTPServer(("127.0.0.1", 0), handler)
        context = certificates.server_context(Path(folder.name), "export.example")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        self.url = "https://export.example:%d/in" % server.server_port
        names = socketserver.UDPServer(("127.0.0.1", 0), Names)
        for each in (server, names):
            self.addCleanup(each.server_close)
            threading.Thread(target=each.serve_forever, args=(0.05,), daemon=True).start()
            self.addCleanup(each.shutdown)
        self.desk = desk.Desk(
            *("--export-ca-file", str(ca), "--export-private-hosts", "export.example"),
            *("--network-upstream", "127.0.0.1:%d" % names.server_address[1]),
        )
        self.addCleanup(self.desk.end)
        whitelist = [{"url": self.url, "description": "this machine"}]
        self.desk.seat(desk.manifest("app-out", **{"export-whitelist": whitelist}))
        self.box = self.desk.join("app-out")
        self.addCleanup(self.box.close)

    def test_what_is_sent_arrives_and_its_answer_comes_back(self) -> None:
        finished = self.box.export.send(self.url, {"mean": 3, "ü": "°"})
        self.assertEqual(finished.state, "Finished")
        self.assertEqual(dict(finished.ext_response), {"status": "202 Accepted", "body": "bitte ü"})
        self.assertEqual(self.received, [("", {"mean": 3, "ü": "°"})])

    def test_what_is_handed_over_is_polled(self) -> None:
        handed = self.box.export.longpoll(self.url, [1])
        self.assertEqual(handed.state, "Pending")
        states: Dict[str, databox.ExportState] = {}
        while "Finished" not in states:
            state = self.box.export.longpoll(self.url, [1], handed.id)
            states[state.state] = state
        self.assertEqual(states["Finished"].ext_response["body"], "bitte ü")
        with self.assertRaises(databox.Unknown) as refused:
            self.box.export.longpoll(self.url, [1], handed.id)
        self.assertEqual(refused.exception.code, "export.unknown")

    def test_the_same_key_leaves_once(self) -> None:
        for _ in range(2):
            self.box.export.send(self.url, '{"n": 2}', idempotency_key="order-5")
        self.assertEqual([key for key, _ in self.received].count("order-5"), 1)
        with self.assertRaises(databox.Conflict) as refused:
            self.box.export.send(self.url, {"n": 3}, idempotency_key="order-5")
        self.assertEqual(refused.exception.code, "export.conflict")

    def test_nothing_leaves_to_where_the_owner_did_not_agree(self) -> None:
        with self.assertRaises(databox.Refused) as refused:
            self.box.export.send(self.url + "/other", {})
        self.assertEqual(refused.exception.code, "permission.refused")
        with self.assertRaises(databox.Invalid):
            self.box.export.send(self.url, "no object")
        self.assertEqual(self.received, [])
