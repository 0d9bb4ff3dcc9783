"""Ids, keys, tags and values that a careless client would spoil, or take for something else."""
import unittest
from typing import Any, Callable, Dict, Tuple

import databox
from databox import Entry, Filter

from . import desk

ODD = (
    "ü",
    "温度",
    "🌡️",
    "a b",
    " ",
    "a?b=c",
    "a#b",
    "a&b;c",
    "a+b",
    "it's \"so\"",
    "<a>",
    "x" * 256,
    "é" * 128,
    "latest",
    "at",
    "~._-",
    "a:b@c",
    "...",
)
#: What no path may hold, and what would be another path.
REFUSED = (
    "",
    ".",
    "..",
    "a/b",
    "../kv",
    "x/latest",
    "a%b",
    "%2e%2e",
    "a\\b",
    "a\nb",
    "a\r\nX-Api-Key: b",
    "\0",
    "\u202e",
    "e\u0301",
    "\ud800",
    "x" * 257,
    "é" * 129,
)


class OddTest(unittest.TestCase):
    def setUp(self) -> None:
        box = desk.shared().join()
        self.addCleanup(box.close)
        self.store = box.store()

    def test_odd_ids_are_ids(self) -> None:
        for n, id in enumerate(ODD):
            with self.subTest(id=id):
                self.store.ts.write_at(id, n, {"value": n})
                self.assertEqual(self.store.ts.since(id, 0), [Entry(n, {"value": n})])
                self.store.ts_blob.batch(id, [(n, {id: id})])
                self.assertEqual(self.store.ts_blob.latest(id), [Entry(n, {id: id})])

    def test_odd_keys_are_keys(self) -> None:
        for key in ODD:
            with self.subTest(key=key):
                self.store.kv.write(key, key, {key: key})
                self.assertEqual(self.store.kv.read(key, key), {key: key})
                self.assertEqual(self.store.kv.list_keys(key), [key])

    def test_odd_tags_are_tags(self) -> None:
        for text in ("ü", "a b", "a?b", "50+", "#1"):
            with self.subTest(text=text):
                self.store.ts.write("tagged", {"value": 1, "where is it": text})
                found = self.store.ts.last("tagged", 9, Filter("where is it", "equals", text))
                self.assertEqual([entry.data["where is it"] for entry in found], [text])

    def test_what_no_id_may_hold_is_refused(self) -> None:
        for id in REFUSED:
            uses: Tuple[Callable[[], object], ...] = (
                lambda: self.store.ts.write(id, {"value": 1}),
                lambda: self.store.ts.latest(id),
                lambda: self.store.ts_blob.delete_since(id, 0),
                lambda: self.store.kv.write("ids", id, {}),
                lambda: self.store.kv.read(id, "key"),
                lambda: self.store.ts.observe(id),
            )
            for n, use in enumerate(uses):
                # What is only watched may have any length: `observe` is for paths of all kinds.
                if n == 5 and len(id) > 128:
                    continue
                with self.subTest(id=id, n=n), self.assertRaises(databox.Invalid) as refused:
                    use()
                self.assertEqual((refused.exception.code, refused.exception.status), ("path.invalid", 400))

    def test_what_would_be_two_segments_is_not_even_asked_for(self) -> None:
        # A token for it would be one for another path.
        nowhere = databox.connect({**desk.shared().env(), "DATABOX_DEV_URL": "http://127.0.0.1:1"}, "/nonexistent")
        for id in ("a/b", "x/latest", "/"):
            with self.subTest(id=id), self.assertRaises(databox.Invalid) as refused:
                nowhere.store().ts.latest(id)
            self.assertEqual(refused.exception.code, "path.invalid")

    def test_a_tag_that_no_path_can_hold_is_refused(self) -> None:
        for text in ("", "..", "a/b", "50%", "\ud800"):
            with self.subTest(text=text), self.assertRaises(databox.Invalid) as refused:
                self.store.ts.last("x", 1, Filter("tag", "equals", text))
            self.assertEqual(refused.exception.code, "path.invalid")

    def test_a_comma_and_a_star_are_no_part_of_what_is_written(self) -> None:
        for id in ("a,b", "a*", "*"):
            with self.subTest(id=id), self.assertRaises(databox.Invalid) as refused:
                self.store.ts.write(id, {"value": 1})
            self.assertEqual(refused.exception.code, "path.invalid")

    def test_odd_values_come_back_as_they_went(self) -> None:
        odd: Dict[str, Any] = {
            "": None,
            "ü\n\t\u2028\0": ["\U0001f321", "\\", '"', "</script>"],
            "numbers": [0, -1, 2**53 - 1, 1e-300, 0.1, True, False],
            "deep": [[[[[[{"a": [[]]}]]]]]],
        }
        self.store.ts_blob.write("values", odd)
        self.assertEqual(self.store.ts_blob.latest("values")[0].data, odd)
        self.store.kv.write("values", "odd", odd)
        self.assertEqual(self.store.kv.read("values", "odd"), odd)
        for text in ("", "ü\r\n\0🌡️", "\ufeffmark"):
            self.store.kv.write("values", "text", text, "TEXT")
            self.assertEqual(self.store.kv.read("values", "text", "TEXT"), text)
