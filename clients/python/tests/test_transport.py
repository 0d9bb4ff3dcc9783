"""Kept connections, and answers that only a broken box or network gives."""
import socket
import threading
import time
import unittest
from typing import List

import databox

from . import desk
from .door import Door


class KeptTest(unittest.TestCase):
    def setUp(self) -> None:
        self.door = Door(desk.shared().port)
        self.addCleanup(self.door.shut)
        env = {**desk.shared().env(), "DATABOX_DEV_URL": "http://127.0.0.1:%d" % self.door.port}
        self.box = databox.connect(env, secrets="/nonexistent")
        self.addCleanup(self.box.close)

    def test_one_connection_serves_one_request_after_the_other(self) -> None:
        for n in range(20):
            self.box.store().ts.write_at("kept", n, {"value": n})
            self.box.store().ts.last("kept", 1)
        self.assertEqual(self.door.connections, 1)

    def test_a_kept_connection_that_was_closed_is_not_written_to(self) -> None:
        for n in range(3):
            self.box.store().ts.write("closed", {"value": n})
            self.door.cut()
            time.sleep(0.1)
        self.assertEqual(self.box.store().ts.length("closed"), 3)

    def test_many_threads_use_one_client(self) -> None:
        store = self.box.store()

        def write(thread: int) -> None:
            for n in range(25):
                store.ts.write("threads", {"value": thread * 100 + n})

        threads = [threading.Thread(target=write, args=(n,)) for n in range(12)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        values = {entry.data["value"] for entry in store.ts.since("threads", 0)}
        self.assertEqual(values, {thread * 100 + n for thread in range(12) for n in range(25)})


class BrokenTest(unittest.TestCase):
    """A listener that answers each request with some bytes, and hangs up."""

    def answers(self, *answers: bytes) -> databox.Databox:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        self.addCleanup(listener.close)
        self.requests: List[bytes] = []

        def serve() -> None:
            for answer in answers:
                with listener.accept()[0] as client:
                    self.requests.append(client.recv(65_536))
                    client.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        url = "http://127.0.0.1:%d" % listener.getsockname()[1]
        env = {"DATABOX_LOCAL_NAME": "x", "ARBITER_TOKEN": "key", "DATABOX_DEV_URL": url}
        box = databox.connect(env, secrets="/nonexistent")
        self.addCleanup(box.close)
        return box

    TOKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"

    def test_an_answer_that_breaks_off_is_none(self) -> None:
        for answer in (
            b"",
            b"nonsense\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Le",
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[]",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n",
        ):
            with self.subTest(answer=answer), self.assertRaises(databox.Unreachable) as refused:
                self.answers(self.TOKEN, answer).store().ts.latest("x")
            self.assertEqual((refused.exception.code, refused.exception.status), ("unreachable", 0))

    def test_an_answer_that_is_too_long_is_not_read_and_not_asked_for_again(self) -> None:
        box = self.answers(self.TOKEN, b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n[]")
        with self.assertRaises(databox.DataboxError) as refused:
            databox.retry(lambda: box.store().ts.latest("x"), 1)
        self.assertIn("in pages", refused.exception.title)

    def test_an_answer_that_is_no_json_is_said_to_be_none(self) -> None:
        box = self.answers(self.TOKEN, b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>")
        with self.assertRaises(databox.DataboxError) as refused:
            box.store().ts.latest("x")
        self.assertEqual(refused.exception.code, "answer.invalid")

    def test_an_empty_token_is_none(self) -> None:
        with self.assertRaises(databox.DataboxError) as refused:
            self.answers(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").store().ts.latest("x")
        self.assertEqual(refused.exception.code, "answer.invalid")

    def test_the_key_is_shown_to_the_arbiter_only_and_the_token_to_the_store(self) -> None:
        box = self.answers(self.TOKEN, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
        box.store().ts.latest("x")
        self.assertIn(b"x-api-key: key\r\n", self.requests[0])
        self.assertTrue(self.requests[1].startswith(b"GET /x-core-store/ts/x/latest HTTP/1.1\r\n"))
        self.assertIn(b"x-api-key: abc\r\n", self.requests[1])

    def test_a_stream_that_is_no_stream_of_events(self) -> None:
        with self.assertRaises(databox.Unreachable):
            self.answers(self.TOKEN, b"HTTP/1.1 200 OK\r\n\r\n<html>").store().ts.observe("x")
