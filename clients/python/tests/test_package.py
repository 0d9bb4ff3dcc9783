"""The package as its readers, types and Pythons find it."""
import ast
import shutil
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Iterator, Set

import databox

FOLDER = Path(__file__).resolve().parents[1]
SOURCES = sorted((FOLDER / "databox").glob("*.py"))


def imports_of(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module).split(".")[0]


class PackageTest(unittest.TestCase):
    def test_it_needs_nothing_but_python(self) -> None:
        known = {
            *("base64", "functools", "http", "itertools", "json", "logging", "os", "random"),
            *("re", "select", "socket", "ssl", "threading", "time", "typing", "urllib"),
        }
        found: Set[str] = {name for source in SOURCES for name in imports_of(source)}
        self.assertEqual(found - known, set())

    def test_all_of_it_is_python_3_7(self) -> None:
        if sys.version_info < (3, 8):
            return  # this one reads nothing newer
        for source in SOURCES + sorted((FOLDER / "tests").glob("*.py")):
            ast.parse(source.read_text(encoding="utf-8"), str(source), feature_version=(3, 7))

    def test_no_line_is_too_long(self) -> None:
        for source in sorted(FOLDER.glob("*/*.py")):
            lines = source.read_text(encoding="utf-8").splitlines()
            self.assertEqual([line for line in lines if len(line) > 120], [], source)

    def test_what_it_offers_is_there_and_described(self) -> None:
        for name in databox.__all__:
            self.assertTrue(hasattr(databox, name), name)
        for kind in (databox.Databox, databox.Store, databox.TimeSeries, databox.KeyValue, databox.Export):
            self.assertTrue(kind.__doc__, kind)

    @unittest.skipUnless(shutil.which("mypy"), "mypy is not installed: apt install mypy")
    def test_types_are_whole(self) -> None:
        argv = ["mypy", "--strict", "--no-incremental", "--cache-dir", "/dev/null", "databox", "tests"]
        done = subprocess.run(argv, cwd=str(FOLDER), stdout=subprocess.PIPE, universal_newlines=True)
        self.assertEqual((done.returncode, done.stdout.strip().splitlines()[:-1]), (0, []))
