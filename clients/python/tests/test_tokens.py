import threading
import time
import unittest
import urllib.request
from typing import Any, List
from unittest import mock

import databox
from databox.caller import Call

from . import desk
from .door import Door


class TokensTest(unittest.TestCase):
    def setUp(self) -> None:
        self.desk = desk.shared()
        self.door = Door(self.desk.port)
        self.addCleanup(self.door.shut)
        self.box = self.join("driver-tokens")
        self.store = self.box.store()

    def join(self, name: str, **declared: Any) -> databox.Databox:
        self.desk.seat(desk.manifest(name, **declared))
        env = {**self.desk.env(name), "DATABOX_DEV_URL": "http://127.0.0.1:%d/" % self.door.port}
        box = databox.connect(env, secrets="/nonexistent")
        self.addCleanup(box.close)
        return box

    def asked(self) -> int:
        return self.door.heard("POST /arbiter/token")

    def test_one_token_serves_all_reads_of_a_datasource_another_all_moments(self) -> None:
        for n in range(3):
            self.store.ts.write_at("a", n, {"value": n})
            self.store.ts.last("a", n)
            self.store.ts.range("a", 0, n)
        self.assertEqual(self.asked(), 2)
        for key in "abc":
            self.store.kv.read("settings", key)
        self.assertEqual(self.asked(), 3)

    def test_threads_that_need_the_same_token_ask_once(self) -> None:
        found: List[int] = []
        threads = [threading.Thread(target=lambda: found.append(self.store.ts.length("b"))) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((found, self.asked()), ([0] * 12, 1))

    def test_a_token_whose_grant_is_gone_is_renewed(self) -> None:
        self.store.ts.write("c", {"value": 1})
        self.desk.seat(desk.manifest("driver-tokens"))
        self.store.ts.write("c", {"value": 2})
        self.assertEqual(self.asked(), 2)
        self.store.ts.write("c", {"value": 3})
        self.assertEqual((self.asked(), self.store.ts.length("c")), (2, 3))

    def test_a_grant_that_is_gone_for_good_is_a_refusal(self) -> None:
        destination = {"url": "https://nobody.example/", "description": "nobody"}
        app = self.join("app-tokens", **{"export-whitelist": [destination]})
        app.export.longpoll(destination["url"], {})
        self.desk.seat(desk.manifest("app-tokens"))
        with self.assertRaises(databox.Refused) as refused:
            app.export.longpoll(destination["url"], {})
        self.assertEqual(refused.exception.code, "permission.refused")

    def test_a_token_is_renewed_before_it_ends(self) -> None:
        self.store.ts.length("d")
        nearly = time.time() + 3600 - 59
        with mock.patch("databox.tokens.time.time", lambda: nearly):
            self.store.ts.length("d")
        self.assertEqual(self.asked(), 2)
        self.store.ts.length("d")
        self.assertEqual(self.asked(), 2)

    def test_a_token_that_the_box_never_takes_is_not_asked_for_again_and_again(self) -> None:
        with mock.patch.object(self.box._tokens, "_ask", mock.Mock(side_effect=["forged.1.x", "forged.2.x"])) as asked:
            with self.assertRaises(databox.Refused) as refused:
                self.store.ts.length("e")
        self.assertEqual((refused.exception.code, refused.exception.status), ("token.invalid", 401))
        self.assertEqual(asked.call_count, 2)

    def test_a_token_for_requests_of_ones_own(self) -> None:
        token = self.box.token(self.store.name, "GET", "/hello")
        self.assertEqual((self.box.token(self.store.name, "GET", "/hello"), self.asked()), (token, 1))
        request = urllib.request.Request(
            "%s/%s/hello" % (self.desk.url, self.store.name), headers={"authorization": "Bearer " + token}
        )
        with urllib.request.urlopen(request) as answer:
            self.assertEqual(answer.read(), b"hello world!")

    def test_where_less_was_granted_less_is_asked_for(self) -> None:
        # The widest that the desk grants is `/*` of POST at one's own store: at the export service only two paths.
        url = "https://nobody.example/"
        app = self.join("app-less", **{"export-whitelist": [{"url": url, "description": ""}]})
        call = Call(
            *("export-service", "POST", ("lp", "export")),
            scopes=(("lp", "*"), ("lp", "export")),
            caveats=({"destination": url},),
            body=b'{"id":"","uri":"https://nobody.example/","data":"{}"}',
        )
        self.assertEqual(app.export._caller.ask(call).status, 200)
        self.assertEqual(self.asked(), 2)
