"""What a box gives its components: certificates of the authority that they trust."""
import functools
import json
import ssl
from pathlib import Path
from typing import Dict

from . import desk

_SCRIPT = """
import { mkdtempSync, rmSync } from 'node:fs';
import { openAuthority } from './src/manager/authority.ts';
const dir = mkdtempSync(%s);
const authority = await openAuthority({ dir, hostName: 'box' });
const pem = { root: authority.rootPem };
for (const name of ['localhost', 'export.example']) {
  const { key, cert } = await authority.service(name);
  pem[name] = cert + key;
}
const { cert, legacyKey, publicKey } = await authority.component('localhost');
pem.component = [cert, legacyKey, publicKey].join('\\n');
rmSync(dir, { recursive: true });
console.log(JSON.stringify(pem));
"""


@functools.lru_cache(maxsize=None)
def pem() -> Dict[str, str]:
    """The authority's as `root`; certificate and key of `localhost`, `export.example` and, as an app gets it,
    `component`."""
    folder = json.dumps(str(desk.shared().folder / "authority-"))
    return dict(json.loads(desk.node(_SCRIPT % folder)))


def server_context(folder: Path, name: str) -> ssl.SSLContext:
    file = folder / (name + ".pem")
    file.write_text(pem()[name])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(str(file))
    return context
