"""Datasources as catalogues and the environment hold them: hypercat items. Pure."""
import re
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from .errors import DataboxError

#: ``{"item-metadata": [{"rel": …, "val": …}], "href": "tcp://driver-x-core-store:5555/ts/load"}``
Item = Dict[str, Any]

_hypercat = "urn:X-hypercat:rels:"
_databox = "urn:X-databox:rels:"


class DataSourceMetadata(NamedTuple):
    """What a driver says about a datasource it offers."""

    data_source_id: str
    #: ``kv``, ``ts`` or ``ts/blob``.
    store_type: str
    #: What apps ask for by ``type``. Default: the id.
    data_source_type: str = ""
    #: Default: the id.
    description: str = ""
    #: Of the entries.
    content_type: str = "application/json"
    vendor: str = "databox"
    unit: str = ""
    location: str = ""
    #: Writing to it does something in the world.
    is_actuator: bool = False
    is_func: bool = False
    #: Ms: the owner agreed to aggregates over so long, or a multiple; None: to every entry. The box says it to an app.
    minimum_sample_interval: Optional[int] = None


class Address(NamedTuple):
    """Where a datasource's entries are: ``("driver-x-core-store", "ts/blob", "freemem")``."""

    store: str
    store_type: str
    id: str


def metadata_to_hypercat(store: str, metadata: DataSourceMetadata) -> Item:
    """store: its host name, for example ``driver-x-core-store``."""
    known = metadata
    terms: List[Tuple[str, Any]] = [
        (_hypercat + "hasDescription:en", known.description or known.data_source_id),
        (_hypercat + "isContentType", known.content_type),
        (_databox + "hasVendor", known.vendor),
        (_databox + "hasType", known.data_source_type or known.data_source_id),
        (_databox + "hasDatasourceid", known.data_source_id),
        (_databox + "hasStoreType", known.store_type),
    ]
    flags = (("isActuator", known.is_actuator), ("isFunc", known.is_func))
    texts = (("hasUnit", known.unit), ("hasLocation", known.location))
    terms += [(_databox + rel, val) for rel, val in (*flags, *texts) if val]
    return {
        "item-metadata": [{"rel": rel, "val": val} for rel, val in terms],
        "href": "tcp://%s:5555/%s/%s" % (store, known.store_type, known.data_source_id),
    }


def address_of(href: str) -> Address:
    """Raises DataboxError ``answer.invalid`` when it is no address of a datasource."""
    found = re.match(r"[a-z]+://([^/:]+)(?::\d+)?/(kv|ts/blob|ts)/([^/]+)\Z", href)
    if found is None:
        raise DataboxError("answer.invalid", "%s is no address of a datasource" % href)
    return Address(found.group(1), found.group(2), found.group(3))


def hypercat_to_metadata(item: Item) -> DataSourceMetadata:
    """Missing terms are empty; flags may be text, ids may be numbers. Raises DataboxError ``answer.invalid``."""
    try:
        terms = {term["rel"]: term.get("val") for term in reversed(item["item-metadata"])}
        address = address_of(item["href"])
    except (KeyError, TypeError, AttributeError) as error:
        raise DataboxError("answer.invalid", "that is no hypercat item: %r" % error) from error

    def text(rel: str) -> str:
        val = terms.get(rel)
        return str(val) if isinstance(val, (str, int, float)) and not isinstance(val, bool) else ""

    def flag(rel: str) -> bool:
        return str(terms.get(rel)).lower() == "true"

    interval = terms.get(_databox + "hasMinimumSampleInterval")
    return DataSourceMetadata(
        data_source_id=text(_databox + "hasDatasourceid") or address.id,
        store_type=address.store_type,
        data_source_type=text(_databox + "hasType"),
        description=text(_hypercat + "hasDescription:en"),
        content_type=text(_hypercat + "isContentType"),
        vendor=text(_databox + "hasVendor"),
        unit=text(_databox + "hasUnit"),
        location=text(_databox + "hasLocation"),
        is_actuator=flag(_databox + "isActuator"),
        is_func=flag(_databox + "isFunc"),
        minimum_sample_interval=interval if isinstance(interval, int) else None,
    )
