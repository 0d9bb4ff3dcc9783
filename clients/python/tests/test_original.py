"""The names of the original's documentation, in a process that is told where it is by its environment alone."""
import subprocess
import sys
import unittest
from pathlib import Path

from . import desk

PACKAGE = Path(__file__).resolve().parents[1]

SCRIPT = """
import sys
from databox.core_store import NewKeyValueClient as nkvClient
from databox.core_store import NewTimeSeriesClient as ntsClient
from databox.core_store import NewTimeSeriesBlobClient

kv = nkvClient('tcp://driver-py-core-store:5555', '--log' in sys.argv)
kv.write('original', 'key', '{"on": true}', 'JSON')
print(kv.read('original', 'key', 'JSON'))
ts = ntsClient('tcp://driver-py-core-store:5555')
ts.write('original', '{"value": 3}', 'JSON')
print(ts.latest('original', 'JSON')[0].data)
NewTimeSeriesBlobClient().write('original', [1])
print(NewTimeSeriesBlobClient().length('original') > 0)
"""


class OriginalTest(unittest.TestCase):
    def run_script(self, *argv: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", SCRIPT, *argv],
            cwd=str(PACKAGE),
            env=desk.shared().env(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            check=True,
        )

    def test_documented_calls_work_as_they_stand(self) -> None:
        done = self.run_script()
        self.assertEqual((done.stdout, done.stderr), ("{'on': True}\n{'value': 3}\nTrue\n", ""))

    def test_with_logging_requests_are_on_standard_error_without_their_tokens(self) -> None:
        log = self.run_script("--log").stderr
        self.assertIn("POST %s/driver-py-core-store/kv/original/key: 201" % desk.shared().url, log)
        self.assertNotIn("dev-driver-py", log)
        self.assertNotIn("eyJ", log)
