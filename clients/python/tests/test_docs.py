"""What docs/python.md has its reader write and type."""
import doctest
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path
from typing import Dict, List
from unittest import mock

from databox import DataSourceMetadata, metadata_to_hypercat

from . import desk

DOCS = desk.PROJECT / "docs"
PAGE = (DOCS / "python.md").read_text(encoding="utf-8")
PACKAGE = Path(__file__).resolve().parents[1]


def files_of(page: str) -> Dict[str, str]:
    return dict(re.findall(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```$", page, re.DOTALL | re.MULTILINE))


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class DocsTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = Path(folder.name)
        files = {**files_of((DOCS / "tutorial.md").read_text(encoding="utf-8")), **files_of(PAGE)}
        for name, text in files.items():
            (self.home / name).parent.mkdir(exist_ok=True)
            (self.home / name).write_text(text, encoding="utf-8")
        names = ("driver-dice", "app-dice")
        self.desk = desk.Desk("--appstore-repositories", ",".join(str(self.home / name) for name in names))
        self.addCleanup(self.desk.end)

    def test_what_is_typed_answers_as_it_says(self) -> None:
        typed = "\n".join(re.findall(r"^```pycon\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
        test = doctest.DocTestParser().get_doctest(typed, {}, "docs/python.md", "python.md", 0)
        self.assertGreater(len(test.examples), 30)
        said: List[str] = []
        with mock.patch.dict(os.environ, self.desk.env("driver-dice")):
            runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
            failed = runner.run(test, out=said.append).failed
        self.assertEqual((failed, "".join(said)), (0, ""))

    def test_the_app_shows_what_the_driver_wrote(self) -> None:
        port = str(free_port())
        item = json.dumps(metadata_to_hypercat("driver-dice-core-store", DataSourceMetadata("dice", "ts")))
        for name in ("driver-dice", "app-dice"):
            env = {**self.desk.env(name, PORT=port, DATASOURCE_DICE=item), "PYTHONPATH": str(PACKAGE)}
            program = subprocess.Popen([sys.executable, str(self.home / name / "main.py")], env=env)
            self.addCleanup(program.wait)
            self.addCleanup(program.kill)
        self.assertEqual(set(self.page(port)), {"latest", "mean"})

    def page(self, port: str) -> Dict[str, object]:
        end = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen("http://127.0.0.1:%s/ui" % port) as answer:
                    shown = dict(json.loads(answer.read()))
                    if shown["mean"] is not None:
                        return shown
            except OSError:
                pass  # not up yet
            self.assertLess(time.monotonic(), end, "the app shows nothing")
            time.sleep(0.1)
