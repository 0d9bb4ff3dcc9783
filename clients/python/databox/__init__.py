"""What authors of apps and drivers import: tokens, stores, datasources, observation and export of a Databox, over REST.

Standard library only. docs/python.md of Databox has examples.
"""
from .box import Databox, DataSource, connect
from .errors import (
    Conflict,
    DataboxError,
    Full,
    Invalid,
    NotAComponent,
    Refused,
    TooMany,
    Unavailable,
    Unknown,
    Unreachable,
    is_passing,
)
from .export import Export, ExportState
from .hypercat import (
    Address,
    DataSourceMetadata,
    Item,
    address_of,
    hypercat_to_metadata,
    metadata_to_hypercat,
)
from .keyvalue import KeyValue, Tagged
from .observation import Event, Observation, OnGap
from .retrying import retry
from .series import Entry, Filter, NumericSeries, TimeSeries
from .store import Store

__all__ = [
    "Address",
    "Conflict",
    "DataSource",
    "DataSourceMetadata",
    "Databox",
    "DataboxError",
    "Entry",
    "Event",
    "Export",
    "ExportState",
    "Filter",
    "Full",
    "Invalid",
    "Item",
    "KeyValue",
    "NotAComponent",
    "NumericSeries",
    "Observation",
    "OnGap",
    "Refused",
    "Store",
    "Tagged",
    "TimeSeries",
    "TooMany",
    "Unavailable",
    "Unknown",
    "Unreachable",
    "address_of",
    "connect",
    "hypercat_to_metadata",
    "is_passing",
    "metadata_to_hypercat",
    "retry",
]
