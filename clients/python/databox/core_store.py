"""The names that the original's Python documentation imports::

    from databox.core_store import NewKeyValueClient as nkvClient
    from databox.core_store import NewTimeSeriesClient as ntsClient
"""
import functools
import logging as logs
from typing import Optional

from .box import Databox, connect
from .keyvalue import KeyValue
from .series import NumericSeries, TimeSeries
from .store import Store


@functools.lru_cache(maxsize=None)
def _box() -> Databox:
    return connect()


def _store(endpoint: Optional[str], logging: bool) -> Store:
    if logging:
        logs.basicConfig()
        logs.getLogger("databox").setLevel(logs.DEBUG)
    return _box().store(endpoint)


def NewKeyValueClient(endpoint: Optional[str] = None, logging: bool = False) -> KeyValue:
    """endpoint: of a store, ``tcp://driver-x-core-store:5555``; default this component's own.

    logging: requests on standard error, without their tokens.
    """
    return _store(endpoint, logging).kv


def NewTimeSeriesClient(endpoint: Optional[str] = None, logging: bool = False) -> NumericSeries:
    """Numbers, ``/ts``; arguments as above."""
    return _store(endpoint, logging).ts


def NewTimeSeriesBlobClient(endpoint: Optional[str] = None, logging: bool = False) -> TimeSeries:
    """Documents, ``/ts/blob``; arguments as above."""
    return _store(endpoint, logging).ts_blob
