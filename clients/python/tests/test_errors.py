"""Every class of error, from a real box; what only a broken one would answer, from its body."""
import json
import threading
import time
import unittest
from typing import Callable, List, Tuple, Type

import databox
from databox.caller import Call
from databox.errors import error_of

from . import desk


class ErrorsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.box = desk.shared().join()
        self.addCleanup(self.box.close)
        self.store = self.box.store()

    def refusal(self, kind: Type[databox.DataboxError], task: Callable[[], object]) -> databox.DataboxError:
        with self.assertRaises(databox.DataboxError) as refused:
            task()
        self.assertIs(type(refused.exception), kind)
        return refused.exception

    def test_refused_where_nothing_was_permitted(self) -> None:
        error = self.refusal(databox.Refused, lambda: self.box.store("other-core-store").ts.latest("x"))
        self.assertEqual((error.code, error.status, error.retry_after_seconds), ("permission.refused", 403, 0))
        self.assertIn("no permission", error.title)
        self.assertEqual(str(error), "%s (permission.refused)" % error.title)

    def test_refused_where_the_key_is_wrong(self) -> None:
        with desk.shared().join(ARBITER_TOKEN="guess") as stranger:
            error = self.refusal(databox.Refused, lambda: stranger.store().ts.latest("x"))
        self.assertEqual((error.code, error.status), ("key.invalid", 401))

    def test_unknown(self) -> None:
        caller = self.store.ts._caller
        silent = Call(self.store.name, "GET", ("notification", "response", "f", "job"), query="wait=0")
        self.assertEqual(self.refusal(databox.Unknown, lambda: caller.ask(silent)).code, "function.silent")
        self.assertEqual(self.refusal(databox.Unknown, lambda: self.box.datasource("NONE")).code, "datasource.unknown")

    def test_invalid_says_what_is_wrong(self) -> None:
        error = self.refusal(databox.Invalid, lambda: self.store.ts.write("x", {"value": "no number"}))
        self.assertEqual((error.code, error.status), ("value.invalid", 400))
        self.assertEqual(self.refusal(databox.Invalid, lambda: self.store.ts.write("x", "{")).code, "body.invalid")

    def test_a_body_that_is_too_large_is_refused_and_not_a_broken_connection(self) -> None:
        for mib in (1.1, 8, 64):
            value = b"x" * int(mib * 2**20)
            error = self.refusal(databox.Invalid, lambda: self.store.kv.write("large", "x", value, "BINARY"))
            self.assertEqual((error.code, error.status), ("body.too-large", 413))
        self.store.kv.write("large", "x", b"x", "BINARY")

    def test_conflict(self) -> None:
        self.store.kv.write("conflict", "x", {})
        error = self.refusal(databox.Conflict, lambda: self.store.kv.replace("conflict", "x", {}, None))
        self.assertEqual((error.code, error.status), ("precondition.failed", 412))

    def test_unavailable(self) -> None:
        caller = self.store.ts._caller
        call = Call(self.store.name, "POST", ("notification", "request", "f", "job"), body=b"{}")
        error = self.refusal(databox.Unavailable, lambda: caller.ask(call))
        self.assertEqual((error.code, error.status), ("function.unobserved", 503))
        self.assertTrue(databox.is_passing(error))

    def test_unreachable(self) -> None:
        gone = databox.connect({**desk.shared().env(), "DATABOX_DEV_URL": "http://127.0.0.1:1"}, "/nonexistent")
        self.addCleanup(gone.close)
        error = self.refusal(databox.Unreachable, lambda: gone.store().ts.latest("x"))
        self.assertEqual((error.code, error.status), ("unreachable", 0))
        self.assertTrue(databox.is_passing(error))

    def test_not_a_component(self) -> None:
        self.assertEqual(self.refusal(databox.NotAComponent, lambda: databox.connect({})).code, "environment.invalid")

    def test_what_was_closed_is_closed(self) -> None:
        self.store.ts.latest("x")
        self.box.close()
        self.assertEqual(self.refusal(databox.DataboxError, lambda: self.store.ts.latest("x")).code, "closed")

    def test_the_error_of_an_answer_that_is_none_of_the_box(self) -> None:
        for body in (b"", b"<html>", b"[]", b'"x"', b"\xff", b'{"code":5,"title":null}'):
            error = error_of(502, body)
            self.assertEqual((type(error), error.code, error.status), (databox.Unavailable, "answer.invalid", 502))
        self.assertIs(type(error_of(500, b'{"code":"internal"}')), databox.DataboxError)
        self.assertFalse(databox.is_passing(error_of(500, b"")))
        self.assertFalse(databox.is_passing(ValueError()))

    def test_a_store_that_is_not_there_yet_may_come(self) -> None:
        self.assertTrue(databox.is_passing(error_of(404, b'{"code":"store.unknown","title":"no"}')))
        self.assertFalse(databox.is_passing(error_of(404, b'{"code":"path.unknown","title":"no"}')))


class LimitsTest(unittest.TestCase):
    """On a desk of their own, which they use up."""

    def setUp(self) -> None:
        self.desk = desk.Desk()
        self.addCleanup(self.desk.end)
        self.box = self.desk.join()
        self.addCleanup(self.box.close)

    def test_too_many_and_when_to_come_again(self) -> None:
        store = self.box.store()
        passed: List[Tuple[databox.DataboxError, float]] = []
        stop = threading.Event()

        def storm(name: str) -> None:
            """Asks for one token after the other. Several do at once: a machine may be slower than the limit."""
            for n in range(100_000):
                if stop.is_set():
                    return
                try:
                    store.ts.latest("%s%d" % (name, n))
                except databox.TooMany:
                    pass

        def again(error: databox.DataboxError, wait: float) -> None:
            passed.append((error, wait))
            stop.set()

        threads = [threading.Thread(target=storm, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        try:
            # Among the others it may be the one that is served.
            for n in range(100_000):
                begun = time.monotonic()
                databox.retry(lambda: store.ts.latest("own%d" % n), 30, again)
                if passed:
                    break
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertGreaterEqual(time.monotonic() - begun, sum(wait for _, wait in passed))
        error, wait = passed[0]
        self.assertEqual((error.code, error.status), ("rate.exceeded", 429))
        self.assertGreater(error.retry_after_seconds, 0)
        self.assertGreaterEqual(wait, error.retry_after_seconds)

    def test_full(self) -> None:
        def register() -> None:
            for n in range(1000):
                self.box.store().register_datasource(
                    databox.DataSourceMetadata("d%d" % n, "ts", description=json.dumps("x" * 30_000))
                )

        with self.assertRaises(databox.Full) as refused:
            register()
        self.assertEqual((refused.exception.code, refused.exception.status), ("store.full", 507))


class RetryTest(unittest.TestCase):
    def test_what_will_not_pass_is_not_tried_again(self) -> None:
        tries: List[int] = []

        def fail() -> None:
            tries.append(1)
            raise databox.Refused("permission.refused", "no", 403)

        with self.assertRaises(databox.Refused):
            databox.retry(fail)
        self.assertEqual(len(tries), 1)

    def test_what_passes_is_tried_until_it_has_or_the_time_is_over(self) -> None:
        tries: List[int] = []

        def fail() -> int:
            tries.append(1)
            if len(tries) < 3:
                raise databox.Unreachable("unreachable", "gone")
            return len(tries)

        self.assertEqual(databox.retry(fail), 3)
        tries[:] = []
        with self.assertRaises(databox.Unreachable):
            databox.retry(fail, timeout_seconds=0.01)
        self.assertEqual(len(tries), 1)
