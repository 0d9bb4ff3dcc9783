import threading
import unittest
from typing import List

import databox
from databox import Tagged

from . import desk


class KeyValueTest(unittest.TestCase):
    def setUp(self) -> None:
        box = desk.shared().join()
        self.addCleanup(box.close)
        self.kv = box.store().kv

    def test_json_text_and_binary_are_three_namespaces(self) -> None:
        self.kv.write("settings", "a", {"on": True})
        self.kv.write("settings", "a", "text ü", "TEXT")
        self.kv.write("settings", "a", b"\x00\xff", "BINARY")
        self.assertEqual(self.kv.read("settings", "a"), {"on": True})
        self.assertEqual(self.kv.read("settings", "a", "TEXT"), "text ü")
        self.assertEqual(self.kv.read("settings", "a", "BINARY"), b"\x00\xff")
        self.kv.delete("settings", "a", "TEXT")
        self.assertEqual(self.kv.read("settings", "a", "TEXT"), "")
        self.assertEqual(self.kv.read("settings", "a", "JSON"), {"on": True})

    def test_a_missing_key_is_no_error(self) -> None:
        self.assertEqual(self.kv.read("settings", "none"), {})
        self.assertEqual(self.kv.read("settings", "none", "TEXT"), "")
        self.assertEqual(self.kv.read("settings", "none", "BINARY"), b"")
        self.kv.delete("settings", "none")

    def test_a_str_is_json_text_where_json_is_meant(self) -> None:
        self.kv.write("settings", "text", '{"unit": "°C"}', "JSON")
        self.assertEqual(self.kv.read("settings", "text"), {"unit": "°C"})
        with self.assertRaises(databox.Invalid) as refused:
            self.kv.write("settings", "text", "warm")
        self.assertEqual(refused.exception.code, "body.invalid")

    def test_a_value_must_be_of_its_format(self) -> None:
        for value, content_format, error in (
            (b"x", "TEXT", TypeError),
            ("x", "BINARY", TypeError),
            (b"x", "JSON", TypeError),
            ({}, "XML", ValueError),
        ):
            with self.assertRaises(error):
                self.kv.write("settings", "odd", value, content_format)

    def test_large_values(self) -> None:
        value = bytes(range(256)) * 4096
        self.kv.write("settings", "large", value, "BINARY")
        self.assertEqual(self.kv.read("settings", "large", "BINARY"), value)

    def test_keys_newest_first(self) -> None:
        for key in ("a", "b c", "ü", "a"):
            self.kv.write("listed", key, {})
        self.assertEqual(self.kv.list_keys("listed"), ["ü", "b c", "a"])
        self.assertEqual(self.kv.list_keys("listed", "TEXT"), [])

    def test_of_those_who_change_the_same_value_one_succeeds(self) -> None:
        self.assertEqual(self.kv.read_tagged("shared", "a"), Tagged({}, None))
        etag = self.kv.replace("shared", "a", {"n": 1}, None)
        self.assertEqual(self.kv.read_tagged("shared", "a"), Tagged({"n": 1}, etag))
        with self.assertRaises(databox.Conflict) as refused:
            self.kv.replace("shared", "a", {"n": 9}, None)
        self.assertEqual((refused.exception.code, refused.exception.status), ("precondition.failed", 412))
        won: List[int] = []

        def change(n: int) -> None:
            try:
                self.kv.replace("shared", "a", {"n": n}, etag)
                won.append(n)
            except databox.Conflict:
                pass

        threads = [threading.Thread(target=change, args=(n,)) for n in range(2, 8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(won), 1)
        value, last = self.kv.read_tagged("shared", "a")
        self.assertEqual(value, {"n": won[0]})
        with self.assertRaises(databox.Conflict):
            self.kv.delete("shared", "a", etag=etag)
        self.kv.delete("shared", "a", etag=last)
        self.assertEqual(self.kv.read("shared", "a"), {})
        self.assertNotEqual(self.kv.replace("shared", "t", "text", None, "TEXT"), "")
