"""Installed from its folder, with no network and nothing but what Debian packages."""
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1]
TOOLS = ("pip", "setuptools", "wheel")
MISSING = [tool for tool in TOOLS if importlib.util.find_spec(tool) is None]


@unittest.skipIf(MISSING, "not installed: apt install python3-pip python3-setuptools python3-wheel")
class InstallTest(unittest.TestCase):
    def test_pip_installs_it_and_its_types(self) -> None:
        with tempfile.TemporaryDirectory() as home:
            # What it builds it leaves beside the sources.
            source, target = Path(home) / "python", Path(home) / "target"
            shutil.copytree(str(FOLDER), str(source), ignore=shutil.ignore_patterns("tests", "__pycache__"))
            argv = [sys.executable, "-m", "pip", "install", "--quiet", "--quiet", "--no-build-isolation", "--no-index"]
            env = {**os.environ, "HOME": home, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
            subprocess.run([*argv, "--target", str(target), str(source)], env=env, cwd=home, check=True)
            self.assertTrue((target / "databox" / "py.typed").exists())
            script = "import databox; print(databox.__file__)"
            done = subprocess.run(
                [sys.executable, "-c", script],
                env={"PYTHONPATH": str(target)},
                cwd=home,
                stdout=subprocess.PIPE,
                universal_newlines=True,
                check=True,
            )
            self.assertEqual(done.stdout.strip(), str(target / "databox" / "__init__.py"))
