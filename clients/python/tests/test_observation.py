import threading
import time
import unittest
from typing import Any, Callable, List, Optional, Tuple
from unittest import mock

import databox
from databox import Event, Observation

from . import desk
from .door import Door

Gap = Tuple[str, Optional[int]]


class ObservationTest(unittest.TestCase):
    """`reader` comes through a door that may be shut; `writer` has its own way."""

    desk: desk.Desk

    @classmethod
    def setUpClass(cls) -> None:
        cls.desk = desk.Desk()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.desk.end()

    def setUp(self) -> None:
        self.door = Door(self.desk.port)
        self.addCleanup(self.door.shut)
        env = {**self.desk.env(), "DATABOX_DEV_URL": "http://127.0.0.1:%d" % self.door.port}
        self.reader = databox.connect(env, secrets="/nonexistent")
        self.addCleanup(self.reader.close)
        self.writer = self.desk.join()
        self.addCleanup(self.writer.close)
        self.gaps: List[Gap] = []

    def told(self, reason: str, since: Optional[int]) -> None:
        self.gaps.append((reason, since))

    def take(self, observation: Observation, count: int) -> List[Any]:
        return [next(observation).data for _ in range(count)]

    def test_every_kind_is_observed_from_the_moment_that_it_is_asked_for(self) -> None:
        mine, other = self.reader.store(), self.writer.store()
        with mine.ts.observe("a") as ts, mine.ts_blob.observe("a") as blob:
            with mine.kv.observe("a") as keys, mine.kv.observe_key("a", "ü") as key:
                before = int(time.time() * 1000)
                other.ts.write("a", {"value": 1})
                other.ts_blob.write("a", [1])
                other.kv.write("a", "x", {"n": 1})
                other.kv.write("a", "ü", "wärmer", "TEXT")
                other.kv.write("a", "ü", b"\0\xff", "BINARY")
                point = next(ts)
                self.assertEqual(point, Event(point.timestamp, "/ts/a", "JSON", {"value": 1}))
                self.assertTrue(before <= point.timestamp <= time.time() * 1000)
                self.assertEqual(next(blob)[1:], ("/ts/blob/a", "JSON", [1]))
                self.assertEqual(next(keys)[1:], ("/kv/a/x", "JSON", {"n": 1}))
                self.assertEqual(next(keys)[1:], ("/kv/a/ü", "TEXT", "wärmer"))
                self.assertEqual(next(key)[1:], ("/kv/a/ü", "TEXT", "wärmer"))
                self.assertEqual(next(key)[1:], ("/kv/a/ü", "BINARY", b"\0\xff"))

    def test_a_loop_ends_when_another_thread_closes(self) -> None:
        observation = self.reader.store().ts.observe("b")
        seen: List[Any] = []
        thread = threading.Thread(target=lambda: seen.extend(event.data for event in observation))
        thread.start()
        self.writer.store().ts.write("b", {"value": 1})
        self.until(lambda: bool(seen))
        observation.close()
        thread.join(20)
        self.assertFalse(thread.is_alive())
        self.assertEqual(seen, [{"value": 1}])
        self.assertEqual(list(observation), [])

    def test_a_loop_that_is_left_leaves_no_connection(self) -> None:
        begun = len(self.door.through())
        store = self.reader.store()
        for event in self.written("left", store.ts.observe("left")):
            self.assertEqual(event.data, {"value": 1})
            break
        # Of what is there now one is kept for other requests.
        self.until(lambda: len(self.door.through()) <= begun + 2)

    def written(self, id: str, observation: Observation) -> Observation:
        """One that hears a write; nobody but the caller holds it."""
        self.writer.store().ts.write(id, {"value": 1})
        return observation

    def until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not holds():
            self.assertLess(time.monotonic(), end, "it never came to that")
            time.sleep(0.02)

    def test_a_loop_that_waits_for_the_box_to_come_back_ends_too(self) -> None:
        observation = self.reader.store().ts.observe("b")
        self.door.shut()
        thread = threading.Thread(target=lambda: list(observation))
        thread.start()
        time.sleep(2)
        self.assertTrue(thread.is_alive())
        observation.close()
        thread.join(20)
        self.assertFalse(thread.is_alive())

    def test_a_stream_that_is_silent_is_opened_again(self) -> None:
        # The store says every 15 s that the stream lives: whoever waits for less than that takes it for dead.
        with mock.patch("databox.observation.SILENCE_SECONDS", 3):
            observation = self.reader.store().ts.observe("silent", self.told)
        with observation:
            threading.Thread(target=self.write_when_back, args=("silent", 2)).start()
            self.assertEqual(self.take(observation, 1), [{"value": 2}])
        self.assertEqual(self.gaps, [])

    def test_a_cut_connection_without_a_write_meanwhile_is_no_gap(self) -> None:
        with self.reader.store().ts.observe("c", self.told) as observation:
            self.writer.store().ts.write("c", {"value": 1})
            self.assertEqual(self.take(observation, 1), [{"value": 1}])
            self.door.cut()
            threading.Thread(target=self.write_when_back, args=("c", 2)).start()
            self.assertEqual(self.take(observation, 1), [{"value": 2}])
        self.assertEqual(self.gaps, [])

    def write_when_back(self, id: str, connections: int) -> None:
        """Once the store has told the reader so often that it is observed."""
        self.until(lambda: self.door.told(": observing") >= connections)
        self.writer.store().ts.write(id, {"value": connections})

    def test_writes_that_were_missed_are_told_of_and_can_be_read(self) -> None:
        store = self.reader.store()
        with store.ts.observe("d", self.told) as observation:
            self.writer.store().ts.write("d", {"value": 1})
            (first,) = self.take(observation, 1)
            self.door.shut()
            self.writer.store().ts.write("d", {"value": 2})
            self.door.open()
            threading.Thread(target=self.write_when_back, args=("d", 2)).start()
            self.assertEqual((first, self.take(observation, 1)), ({"value": 1}, [{"value": 2}]))
        ((reason, since),) = self.gaps
        self.assertIn("closed", reason)
        assert since is not None
        values = [entry.data["value"] for entry in store.ts.since("d", since)]
        self.assertEqual(values[:2], [2, 2])

    def test_what_was_missed_is_told_of_though_the_connection_breaks_again_before(self) -> None:
        with self.reader.store().ts.observe("e", self.told) as observation:
            self.writer.store().ts.write("e", {"value": 1})
            self.take(observation, 1)
            self.door.shut()
            self.writer.store().ts.write("e", {"value": 2})
            # All that arrives of the next stream is its new id, and that something follows.
            self.door.cut_after(b"event: gap\n")
            self.door.open()
            threading.Thread(target=self.write_when_back, args=("e", 3)).start()
            self.assertEqual(self.take(observation, 1), [{"value": 3}])
        self.assertEqual(len(self.gaps), 1)

    def test_a_store_that_was_closed_meanwhile_is_a_gap_and_its_tokens_are_renewed(self) -> None:
        with self.reader.store().ts.observe("f", self.told) as observation:
            before = int(time.time() * 1000)
            self.writer.store().ts.write("f", {"value": 1})
            self.take(observation, 1)
            self.desk.stop()
            self.desk.start()
            threading.Thread(target=self.write_when_back, args=("f", 2)).start()
            self.assertEqual(self.take(observation, 1), [{"value": 2}])
        ((reason, since),) = self.gaps
        self.assertEqual(reason, "restarted")
        assert since is not None
        self.assertGreaterEqual(since, before)

    def test_what_is_not_permitted_is_refused_at_once(self) -> None:
        with self.assertRaises(databox.Refused) as refused:
            self.reader.store("other-core-store").ts.observe("g")
        self.assertEqual(refused.exception.code, "permission.refused")
        self.door.shut()
        with self.assertRaises(databox.Unreachable):
            self.reader.store().ts.observe("g")

    def test_many_events_arrive_in_order(self) -> None:
        with self.reader.store().kv.observe("h") as observation:
            store = self.writer.store()
            text = "å" * 5000

            def write() -> None:
                for n in range(200):
                    store.kv.write("h", "k", {"n": n, "text": text})

            writer = threading.Thread(target=write)
            writer.start()
            events = self.take(observation, 200)
            writer.join()
        self.assertEqual(events, [{"n": n, "text": text} for n in range(200)])
