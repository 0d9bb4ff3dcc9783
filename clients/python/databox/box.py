"""A component's way into the box."""
import json
import os
import ssl
import threading
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from .caller import Caller
from .errors import NotAComponent, Unknown
from .export import Export
from .hypercat import DataSourceMetadata, Item, address_of, hypercat_to_metadata
from .place import Place, read_place
from .store import Store
from .tokens import Route, Tokens
from .transport import Transport


class DataSource(NamedTuple):
    """A datasource that the owner chose for this app."""

    id: str
    store_type: str
    store: Store
    metadata: DataSourceMetadata
    item: Item


class Databox:
    """Made by ``connect``. A context manager; closed, it closes its kept connections. Several threads may use one."""

    def __init__(self, place: Place) -> None:
        #: This component's name.
        self.name = place.name
        self._place = place
        self._transport = Transport(place.secret("DATABOX_ROOT_CA"))
        self._tokens = Tokens(place, self._transport)
        self._caller = Caller(place, self._transport, self._tokens)
        self._stores: Dict[str, Store] = {}
        self._lock = threading.Lock()
        self.export = Export(self._caller)

    def store(self, endpoint: Optional[str] = None) -> Store:
        """This component's own, or that of an endpoint: ``tcp://driver-x-core-store:5555``, a href, or a host name."""
        name = self._place.store if endpoint is None else self._place.host_of(endpoint)
        with self._lock:
            return self._stores.setdefault(name, Store(self._caller, name))

    def datasources(self, clientid: str) -> List[DataSource]:
        """Those chosen for a clientid of the manifest; ``[]`` when the owner chose none.

        Raises NotAComponent when a variable does not hold one.
        """
        found = []
        for item in _items_of(clientid, self._place.env):
            address = address_of(item["href"])
            metadata = hypercat_to_metadata(item)
            found.append(DataSource(address.id, address.store_type, self.store(address.store), metadata, item))
        return found

    def datasource(self, clientid: str) -> DataSource:
        """The first of them. Raises Unknown when there is none."""
        for found in self.datasources(clientid):
            return found
        raise Unknown("datasource.unknown", "the owner chose nothing for %s" % clientid)

    def token(self, target: str, method: str, path: str, caveats: Tuple[Mapping[str, Any], ...] = ()) -> str:
        """For requests that an author makes without this library: asked for once, and again when it is nearly over.

        Raises Refused, Unreachable, TooMany.
        """
        return self._tokens.take(Route(target, method, path, caveats))

    def https_context(self) -> Optional[ssl.SSLContext]:
        """For a server of one's own page: the certificate that the owner's proxy expects. None outside a container.

        The box renews it; a server that runs for months makes a new context now and then.
        """
        if self._place.secret("DATABOX.pem") is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(os.path.join(self._place.secrets, "DATABOX.pem"))
        except (ssl.SSLError, OSError) as error:
            raise NotAComponent("environment.invalid", "DATABOX.pem lacks a certificate or key: %s" % error) from error
        return context

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> "Databox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(env: Optional[Mapping[str, str]] = None, secrets: str = "/run/secrets") -> Databox:
    """Nothing is asked for yet; what cannot be reached fails when it is used. Raises NotAComponent outside a component.

    env: default the process' own. secrets: folder of the secret files.
    """
    return Databox(read_place(os.environ if env is None else env, secrets))


def _items_of(clientid: str, env: Mapping[str, str]) -> Iterator[Item]:
    """``DATASOURCE_<clientid>``, then ``DATASOURCE_<clientid>_2`` and so on; an empty one is none (``databox dev``)."""
    name, at = "DATASOURCE_%s" % clientid, 1
    while env.get(name):
        try:
            item = json.loads(env[name])
        except ValueError as error:
            raise NotAComponent("environment.invalid", "%s is no JSON" % name) from error
        if not isinstance(item, dict) or not isinstance(item.get("href"), str):
            raise NotAComponent("environment.invalid", "%s is no hypercat item" % name)
        yield item
        at += 1
        name = "DATASOURCE_%s_%d" % (clientid, at)
