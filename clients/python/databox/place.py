"""Where this component is and who it is: the environment and the secret files that the box gives it."""
import os
import re
from typing import Mapping, NamedTuple, Optional
from urllib.parse import urlsplit

from .errors import NotAComponent


class Place(NamedTuple):
    env: Mapping[str, str]
    #: Folder of the secret files.
    secrets: str
    #: ``DATABOX_LOCAL_NAME``.
    name: str
    #: Host name of this component's own store, whether it has one or not.
    store: str
    #: Host name of the arbiter.
    arbiter: str
    #: ``DATABOX_DEV_URL`` without a trailing slash; empty in a container.
    dev: str

    def host_of(self, endpoint: str) -> str:
        """Host name of ``tcp://driver-x-core-store:5555``, of a href below it, or of a bare host name.

        At the desk a loopback address, as programs written for the original have it, is this component's own store.
        """
        return _host_of(endpoint, self.store if self.dev else None)

    def base_of(self, host: str) -> str:
        """Base address of a host of the box, without a trailing slash."""
        meant = self.arbiter if host == "arbiter" else host
        return "%s/%s" % (self.dev, meant) if self.dev else "https://%s:8080" % meant

    def secret(self, file: str) -> Optional[str]:
        """Contents of a secret file, None when there is none. Read anew each time: the box renews some."""
        try:
            with open(os.path.join(self.secrets, file), encoding="utf-8") as opened:
                return opened.read().strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise NotAComponent("environment.invalid", "%s cannot be read: %s" % (file, error)) from error

    def key(self) -> str:
        """This component's key at the arbiter."""
        key = self.secret("ARBITER_TOKEN") or self.env.get("ARBITER_TOKEN", "")
        if not key:
            raise NotAComponent("environment.invalid", "there is no ARBITER_TOKEN, neither as a file nor as a variable")
        return key


def read_place(env: Mapping[str, str], secrets: str) -> Place:
    """Raises NotAComponent where nothing says which component this is. With ``DATABOX_DEV_URL`` the box is one address,
    and a host's name is the first segment of the path (``databox dev``)."""
    name = env.get("DATABOX_LOCAL_NAME", "")
    if not name:
        raise NotAComponent("environment.invalid", "DATABOX_LOCAL_NAME is not set: is this a component?")
    dev = env.get("DATABOX_DEV_URL", "").rstrip("/")
    store = "%s-core-store" % name
    endpoint = env.get("DATABOX_ZMQ_ENDPOINT", "")
    arbiter = env.get("DATABOX_ARBITER_ENDPOINT", "tcp://arbiter:4444")
    return Place(
        env=env,
        secrets=secrets,
        name=name,
        store=_host_of(endpoint, store if dev else None) if endpoint else store,
        arbiter="arbiter" if dev else _host_of(arbiter, None),
        dev=dev,
    )


def _host_of(endpoint: str, here: Optional[str]) -> str:
    """``here``: what a loopback address means."""
    try:
        host = urlsplit(endpoint if "://" in endpoint else "tcp://%s" % endpoint).hostname
    except ValueError:
        host = None
    if not host:
        raise NotAComponent("environment.invalid", "%r is no endpoint like tcp://arbiter:4444" % endpoint)
    is_loopback = host in ("localhost", "::1") or re.match(r"127(\.\d+){3}\Z", host) is not None
    return here if here is not None and is_loopback else host
