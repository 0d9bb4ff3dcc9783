"""A real `databox dev` on a free port, with its state in a folder of its own."""
import atexit
import functools
import json
import os
import subprocess
import tempfile
import urllib.request
from pathlib import Path
from typing import Any, Dict, List, Optional

import databox

PROJECT = Path(__file__).resolve().parents[3]


def manifest(name: str, **more: Any) -> Dict[str, Any]:
    return {
        "manifest-version": 1,
        "name": name,
        "databox-type": "app" if name.startswith("app-") else "driver",
        "version": "1.0.0",
        "description": "A test's component.",
        "author": "Databox <databox@example.org>",
        "license": "MIT",
        "resource-requirements": {"store": "core-store"},
        **more,
    }


def node(script: str) -> str:
    """What a script prints, on the Node that the checkout brings, with the project as its folder."""
    program = next((PROJECT / "node_modules").glob("node-linux-*/bin/node"))
    argv = [str(program), "--input-type=module", "-e", script]
    return subprocess.run(argv, cwd=str(PROJECT), stdout=subprocess.PIPE, check=True).stdout.decode()


class Desk:
    """Has a seat for `driver-py`, which may do anything at every store."""

    def __init__(self, *options: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="databox-python-")
        self.folder = Path(self._folder.name)
        self._options = options
        self._process: Optional["subprocess.Popen[bytes]"] = None
        self.port = 0
        self.start()

    def start(self) -> None:
        """Also again, on the same port and state: every token of before is worthless then."""
        argv: List[str] = [str(PROJECT / "scripts" / "databox"), "dev", "--json", "--port", str(self.port)]
        argv += ["--state-dir", str(self.folder / "state"), *self._options]
        # Settings of a Databox that is installed on this machine are not the test's.
        env = {name: value for name, value in os.environ.items() if not name.startswith("DATABOX_")}
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=str(self.folder), env=env)
        assert self._process.stdout is not None
        self.url = str(json.loads(self._process.stdout.readline())["url"])
        self.port = int(self.url.rsplit(":", 1)[1])
        self.seat(manifest("driver-py"))

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        assert self._process.wait(30) == 0 and self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    def end(self) -> None:
        self.stop()
        self._folder.cleanup()

    def seat(self, declared: Dict[str, Any]) -> None:
        """A component of this manifest; done again, all that was granted to it, or at its store, is granted anew."""
        request = urllib.request.Request(self.url + "/app-store/manifests", json.dumps(declared).encode())
        with urllib.request.urlopen(request) as answer:
            answer.read()

    def env(self, name: str = "driver-py", **more: str) -> Dict[str, str]:
        """The variables that an author sets for a component."""
        return {
            "DATABOX_DEV_URL": self.url,
            "DATABOX_LOCAL_NAME": name,
            "ARBITER_TOKEN": "dev-" + name,
            **more,
        }

    def join(self, name: str = "driver-py", **more: str) -> databox.Databox:
        return databox.connect(self.env(name, **more), secrets="/nonexistent")


@functools.lru_cache(maxsize=None)
def shared() -> Desk:
    """One for all tests that leave it running; they write to series of their own."""
    desk = Desk()
    atexit.register(desk.end)
    return desk
