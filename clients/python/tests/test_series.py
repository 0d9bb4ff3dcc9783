import time
import unittest
from typing import Any, List, Sequence

import databox
from databox import Entry, Filter

from . import desk


def data(entries: Sequence[Entry]) -> List[Any]:
    return [entry.data for entry in entries]


class SeriesTest(unittest.TestCase):
    def setUp(self) -> None:
        box = desk.shared().join()
        self.addCleanup(box.close)
        self.ts = box.store().ts
        self.blob = box.store().ts_blob

    def fill(self, id: str) -> None:
        for value, room in ((1, "attic"), (2, "cellar"), (3, "attic")):
            self.ts.write_at(id, value * 1000, {"value": value, "room": room})

    def test_write_is_of_now_and_latest_has_it(self) -> None:
        before = int(time.time() * 1000)
        self.ts.write("now", {"value": 4.5})
        self.ts.write("now", '{"value": 5, "room": "attic"}')
        (latest,) = self.ts.latest("now")
        self.assertEqual(latest.data, {"value": 5, "room": "attic"})
        self.assertTrue(before <= latest.timestamp <= int(time.time() * 1000))

    def test_a_numeric_series_is_read_in_every_way(self) -> None:
        self.fill("load")
        self.assertEqual(self.ts.latest("load"), [Entry(3000, {"value": 3, "room": "attic"})])
        self.assertEqual(self.ts.earliest("load"), [(1000, {"value": 1, "room": "attic"})])
        times = {
            "last": self.ts.last("load", 2),
            "first": self.ts.first("load", 2),
            "since": self.ts.since("load", 2000),
            "range": self.ts.range("load", 1000, 2000),
        }
        self.assertEqual(
            {name: [entry.timestamp for entry in entries] for name, entries in times.items()},
            {"last": [3000, 2000], "first": [1000, 2000], "since": [3000, 2000], "range": [2000, 1000]},
        )
        self.assertEqual(self.ts.length("load"), 3)

    def test_a_series_that_nobody_wrote_is_empty(self) -> None:
        for series in (self.ts, self.blob):
            self.assertEqual(series.latest("nobody"), [])
            self.assertEqual(series.earliest("nobody"), [])
            self.assertEqual(series.since("nobody", 0), [])
            self.assertEqual(list(series.pages("nobody")), [])
            self.assertEqual(series.length("nobody"), 0)

    def test_filters_select_by_tag(self) -> None:
        self.fill("rooms")
        attic = Filter("room", "equals", "attic")
        self.assertEqual([entry.data["value"] for entry in self.ts.last("rooms", 9, attic)], [3, 1])
        self.assertEqual([entry.data["value"] for entry in self.ts.first("rooms", 9, attic)], [1, 3])
        self.assertEqual([entry.data["value"] for entry in self.ts.since("rooms", 2000, attic)], [3])
        self.assertEqual([entry.data["value"] for entry in self.ts.range("rooms", 0, 2000, attic)], [1])
        contains = Filter("room", "contains", "ell")
        self.assertEqual([entry.data["value"] for entry in self.ts.pages("rooms", filter=contains)], [2])

    def test_aggregates_are_computed_by_the_store(self) -> None:
        self.fill("sums")
        expected = {"sum": 6, "count": 3, "min": 1, "max": 3, "mean": 2, "median": 2, "sd": 1}
        self.assertEqual({name: self.ts.aggregate("sums", name) for name in expected}, expected)
        self.assertEqual(self.ts.aggregate("sums", "sum", start=2000), 5)
        self.assertEqual(self.ts.aggregate("sums", "sum", end=2000), 3)
        self.assertEqual(self.ts.aggregate("sums", "sum", last=1), 3)
        self.assertEqual(self.ts.aggregate("sums", "mean", filter=Filter("room", "equals", "attic")), 2)
        self.assertIsNone(self.ts.aggregate("nobody", "mean"))

    def test_buckets_are_aggregates_over_stretches_of_time(self) -> None:
        self.ts.batch("heat", [(0, {"value": 1}), (59_999, {"value": 3}), (60_000, {"value": 9})])
        means = [Entry(60_000, {"value": 9}), Entry(0, {"value": 2})]
        self.assertEqual(self.ts.buckets("heat", "mean", 60_000), means)
        self.assertEqual(self.ts.buckets("heat", "mean", 60_000, start=0, end=59_999), means[1:])

    def test_where_aggregates_only_are_agreed_the_token_says_so(self) -> None:
        # At the desk nobody grants less than all: that the caveat was asked for is seen from its refusal.
        with self.assertRaises(databox.Refused) as refused:
            self.ts.buckets("heat", "mean", 60_000, minimum_sample_interval=60_000)
        self.assertEqual(refused.exception.code, "permission.refused")

    def test_a_batch_is_all_or_nothing(self) -> None:
        points = [(at, {"value": at, "room": "r%d" % at}) for at in (3, 2, 1)]
        self.assertEqual(self.ts.batch("many", points), 3)
        self.assertEqual(self.ts.since("many", 0), points)
        with self.assertRaises(databox.Invalid) as refused:
            self.ts.batch("many", [(4, {"value": 4}), (5, {})])
        self.assertEqual((refused.exception.code, refused.exception.details["pointer"]), ("value.invalid", "/1/data"))
        self.assertEqual(self.ts.length("many"), 3)

    def test_an_entry_of_a_batch_without_a_time_is_of_now(self) -> None:
        before = int(time.time() * 1000)
        self.assertEqual(self.blob.batch("papers", [(None, ["x"])]), 1)
        self.assertGreaterEqual(self.blob.latest("papers")[0].timestamp, before)

    def test_any_number_of_entries_is_imported_once(self) -> None:
        def points(count: int) -> Any:
            return ((at, {"value": at}) for at in range(count))

        self.assertEqual(self.ts.import_("imported", points(12_000)), 12_000)
        self.assertEqual(self.ts.import_("imported", points(12_001)), 1)
        self.assertEqual(self.ts.length("imported"), 12_001)
        self.assertEqual(self.blob.import_("nothing", []), 0)
        with self.assertRaises(databox.Invalid) as refused:
            self.ts.import_("imported", [(-1, {"value": 1}), (-2, {"value": "two"})])
        self.assertEqual(refused.exception.details["line"], 2)
        self.assertEqual(self.ts.length("imported"), 12_002)

    def test_an_import_names_the_entry_at_fault(self) -> None:
        good = [(at, {"value": at, "text": "x" * 50}) for at in range(5000)]
        with self.assertRaises(databox.Invalid) as refused:
            self.ts.import_("faulty", [*good, (5000, {"value": None}), *good])
        self.assertEqual((refused.exception.code, refused.exception.details["line"]), ("value.invalid", 5001))
        self.assertEqual(self.ts.length("faulty"), 5000)

    def test_pages_are_read_as_the_loop_goes_on(self) -> None:
        self.ts.batch("walked", [(at, {"value": at}) for at in range(2300)])
        self.assertEqual([entry.timestamp for entry in self.ts.pages("walked")], list(range(2299, -1, -1)))
        self.assertEqual([entry.timestamp for entry in self.ts.pages("walked", 10, 12)], [12, 11, 10])
        self.assertEqual(next(self.ts.pages("walked", end=1500)).timestamp, 1500)

    def test_large_results_come_whole(self) -> None:
        text = "å" * 1000
        self.assertEqual(self.blob.import_("large", ((at, {"n": at, "text": text}) for at in range(5000))), 5000)
        read = self.blob.since("large", 0)
        self.assertEqual([entry.timestamp for entry in read], list(range(4999, -1, -1)))
        self.assertTrue(all(entry.data == {"n": entry.timestamp, "text": text} for entry in read))
        self.assertEqual(sum(1 for _ in self.blob.pages("large")), 5000)

    def test_what_since_and_range_answer_is_deleted(self) -> None:
        self.fill("gone")
        self.ts.delete_since("gone", 2000, Filter("room", "equals", "attic"))
        self.assertEqual([entry.timestamp for entry in self.ts.since("gone", 0)], [2000, 1000])
        self.ts.delete_range("gone", 0, 2000, Filter("room", "contains", "ell"))
        self.assertEqual([entry.timestamp for entry in self.ts.since("gone", 0)], [1000])
        self.ts.delete_range("gone", 1001, 9000)
        self.assertEqual(self.ts.length("gone"), 1)
        self.ts.delete_since("gone", 0)
        self.assertEqual(self.ts.length("gone"), 0)
        self.blob.batch("gone", [(at, [at]) for at in (1, 2, 3, 4)])
        self.blob.delete_range("gone", 2, 3)
        self.blob.delete_since("gone", 4)
        self.assertEqual(self.blob.since("gone", 0), [Entry(1, [1])])

    def test_a_document_is_any_object_or_array(self) -> None:
        for at, document in enumerate(({"tags": ["cat"], "size": {"w": 1}}, [1, "zwei", None], {})):
            self.blob.write_at("photo", at, document)
            self.assertEqual(self.blob.latest("photo"), [Entry(at, document)])
        self.blob.write("photo", {"now": True})
        self.assertEqual(data(self.blob.last("photo", 1)), [{"now": True}])
        self.assertEqual(data(self.blob.first("photo", 1)), [{"tags": ["cat"], "size": {"w": 1}}])
        self.assertEqual(data(self.blob.range("photo", 1, 2)), [{}, [1, "zwei", None]])
        self.assertEqual(data(self.blob.earliest("photo")), [{"tags": ["cat"], "size": {"w": 1}}])
        self.assertEqual(self.blob.length("photo"), 4)
        self.assertEqual(self.ts.length("photo"), 0)

    def test_several_series_are_read_at_once(self) -> None:
        self.ts.batch("left", [(1, {"value": 1}), (3, {"value": 3})])
        self.ts.batch("right", [(2, {"value": 2})])
        self.assertEqual([entry.timestamp for entry in self.ts.since("left,right", 0)], [3, 2, 1])
        self.assertEqual(len(self.ts.latest("left,right")), 2)

    def test_times_are_whole_ms(self) -> None:
        self.ts.write_at("old", -1000, {"value": 1})
        self.assertEqual(self.ts.earliest("old")[0].timestamp, -1000)
        with self.assertRaises(TypeError):
            self.ts.write_at("old", time.time(), {"value": 1})  # type: ignore[arg-type]
        with self.assertRaises(TypeError):
            self.ts.batch("old", [(1.5, {"value": 1})])  # type: ignore[list-item]
        with self.assertRaises(databox.Invalid):
            self.ts.since("old", 2**53)

    def test_what_json_cannot_say_is_not_sent(self) -> None:
        for value, error in ((float("nan"), ValueError), (object(), TypeError), ("\ud800", ValueError)):
            with self.assertRaises(error):
                self.ts.write("unsaid", {"value": value})
        self.assertEqual(self.ts.length("unsaid"), 0)

    def test_series_hold_json_only(self) -> None:
        with self.assertRaises(databox.Invalid) as refused:
            self.ts.write("text", "warm", "TEXT")
        self.assertEqual(refused.exception.code, "content.unsupported")
        with self.assertRaises(databox.Invalid):
            self.ts.latest("text", "TEXT")
        with self.assertRaises(ValueError):
            self.ts.earliest("text", "XML")
