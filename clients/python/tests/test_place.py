"""Where a component finds itself: as the box, and as `databox dev`, tell it."""
import ssl
import tempfile
import threading
import time
import unittest
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Dict, Tuple

import databox
from databox.place import read_place

from . import certificates, desk
from .door import Door

CONTAINER = {
    "DATABOX_LOCAL_NAME": "app-x",
    "DATABOX_ARBITER_ENDPOINT": "tcp://arbiter:4444",
    "DATABOX_ZMQ_ENDPOINT": "tcp://app-x-core-store:5555",
    "DATABOX_VERSION": "0.5.2",
}


class PlaceTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.secrets = Path(folder.name)

    def test_in_a_container_each_host_is_at_8080(self) -> None:
        place = read_place(CONTAINER, str(self.secrets))
        for host in ("arbiter", "driver-y-core-store", "export-service"):
            self.assertEqual(place.base_of(host), "https://%s:8080" % host)

    def test_at_the_desk_a_host_is_the_first_segment(self) -> None:
        place = read_place({**CONTAINER, "DATABOX_DEV_URL": "http://127.0.0.1:8080/"}, str(self.secrets))
        self.assertEqual(place.base_of("arbiter"), "http://127.0.0.1:8080/arbiter")

    def test_the_key_is_in_a_file_or_else_in_the_environment(self) -> None:
        place = read_place({**CONTAINER, "ARBITER_TOKEN": "of env"}, str(self.secrets))
        self.assertEqual(place.key(), "of env")
        (self.secrets / "ARBITER_TOKEN").write_text("of file\n")
        self.assertEqual(place.key(), "of file")
        with self.assertRaises(databox.NotAComponent):
            read_place(CONTAINER, "/nonexistent").key()

    def test_outside_a_component_nothing_is_guessed(self) -> None:
        places: Tuple[Dict[str, str], ...] = ({}, {"DATABOX_LOCAL_NAME": ""})
        for env in (*places, {**CONTAINER, "DATABOX_ZMQ_ENDPOINT": "tcp://"}):
            with self.assertRaises(databox.NotAComponent):
                databox.connect(env, str(self.secrets))

    def test_a_secret_that_cannot_be_read_is_said_to_be_unreadable(self) -> None:
        (self.secrets / "DATABOX_ROOT_CA").mkdir()
        with self.assertRaises(databox.NotAComponent):
            databox.connect(CONTAINER, str(self.secrets))
        (self.secrets / "DATABOX_ROOT_CA").rmdir()
        (self.secrets / "DATABOX_ROOT_CA").write_text("no certificate")
        with self.assertRaises(databox.NotAComponent):
            databox.connect(CONTAINER, str(self.secrets))

    def test_stores_are_found_by_endpoint_href_or_name(self) -> None:
        with databox.connect(CONTAINER, str(self.secrets)) as box:
            self.assertEqual((box.name, box.store().name), ("app-x", "app-x-core-store"))
            for endpoint in ("tcp://y-core-store:5555", "tcp://y-core-store:5555/ts/x", "y-core-store"):
                self.assertEqual(box.store(endpoint).name, "y-core-store")
            self.assertEqual(box.store("tcp://127.0.0.1:5555").name, "127.0.0.1")
            with self.assertRaises(databox.NotAComponent):
                box.store("tcp://[x")
        with databox.connect({"DATABOX_LOCAL_NAME": "a"}, str(self.secrets)) as box:
            self.assertEqual(box.store().name, "a-core-store")

    def test_at_the_desk_a_loopback_address_is_ones_own_store(self) -> None:
        original = {
            "DATABOX_LOCAL_NAME": "driver-py",
            "DATABOX_DEV_URL": "http://127.0.0.1:1",
            "DATABOX_ARBITER_ENDPOINT": "tcp://127.0.0.1:4444",
            "DATABOX_ZMQ_ENDPOINT": "tcp://127.0.0.1:5555",
        }
        with databox.connect(original, str(self.secrets)) as box:
            for endpoint in (None, "tcp://127.0.0.1:5555", "tcp://localhost:5555", "tcp://[::1]:5555"):
                self.assertEqual(box.store(endpoint).name, "driver-py-core-store")
            self.assertEqual(box.store("tcp://127.x:5555").name, "127.x")
        self.assertEqual(read_place(original, "/nonexistent").base_of("arbiter"), "http://127.0.0.1:1/arbiter")

    def over_tls(self, host: str) -> databox.Databox:
        door = Door(desk.shared().port, certificates.server_context(self.secrets, "localhost"))
        self.addCleanup(door.shut)
        env = {"DATABOX_LOCAL_NAME": "driver-py", "DATABOX_DEV_URL": "https://%s:%d" % (host, door.port)}
        box = databox.connect(env, str(self.secrets))
        self.addCleanup(box.close)
        return box

    def test_with_the_secrets_of_a_container_all_of_it_is_over_tls(self) -> None:
        (self.secrets / "ARBITER_TOKEN").write_text("dev-driver-py")
        (self.secrets / "DATABOX_ROOT_CA").write_text(certificates.pem()["root"].strip())
        store = self.over_tls("localhost").store()
        with store.ts.observe("tls") as observation:
            store.ts.write("tls", {"value": 1})
            self.assertEqual(next(observation).data, {"value": 1})
            threading.Timer(0.2, observation.close).start()
            begun = time.monotonic()
            self.assertEqual(list(observation), [])
            self.assertLess(time.monotonic() - begun, 10)
        value = bytes(2**20)
        store.kv.write("tls", "large", value, "BINARY")
        self.assertEqual(store.kv.read("tls", "large", "BINARY"), value)

    def test_who_cannot_prove_to_be_the_box_is_not_talked_to(self) -> None:
        (self.secrets / "ARBITER_TOKEN").write_text("dev-driver-py")
        # Of another authority: the machine's usual ones.
        with self.assertRaises(databox.Unreachable) as refused:
            self.over_tls("localhost").store().ts.latest("x")
        self.assertIn("certificate verify failed", str(refused.exception))
        # Of another name.
        (self.secrets / "DATABOX_ROOT_CA").write_text(certificates.pem()["root"].strip())
        (self.secrets / "localhost.pem").unlink()
        with self.assertRaises(databox.Unreachable):
            self.over_tls("databox.local").store().ts.latest("x")


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "7")
        self.end_headers()
        self.wfile.write(b"my page")

    def log_message(self, *_: Any) -> None:
        pass


class PageTest(unittest.TestCase):
    def test_a_page_is_served_with_the_certificate_of_the_box(self) -> None:
        with tempfile.TemporaryDirectory() as folder, databox.connect(CONTAINER, folder) as box:
            self.assertIsNone(box.https_context())
            pem = Path(folder) / "DATABOX.pem"
            pem.write_text(certificates.pem()["root"])
            with self.assertRaises(databox.NotAComponent):
                box.https_context()
            pem.write_text(certificates.pem()["component"])
            context = box.https_context()
            assert context is not None
            with HTTPServer(("127.0.0.1", 0), Page) as server:
                server.socket = context.wrap_socket(server.socket, server_side=True)
                thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
                thread.start()
                trust = ssl.create_default_context(cadata=certificates.pem()["root"])
                with urllib.request.urlopen("https://localhost:%d/ui" % server.server_port, context=trust) as answer:
                    self.assertEqual(answer.read(), b"my page")
                server.shutdown()
                thread.join()
