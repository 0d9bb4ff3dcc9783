"""A store: one's own, or another component's."""
from typing import Any, Dict, Optional

from .caller import Call, Caller, json_text, parsed
from .hypercat import DataSourceMetadata, Item, metadata_to_hypercat
from .keyvalue import KeyValue
from .retrying import retry
from .series import NumericSeries, TimeSeries


class Store:
    """Every call raises DataboxError. Several threads may use one."""

    def __init__(self, caller: Caller, name: str) -> None:
        #: Its host name.
        self.name = name
        self.kv = KeyValue(caller, name)
        self.ts = NumericSeries(caller, name)
        self.ts_blob = TimeSeries(caller, name)
        self._caller = caller

    def register_datasource(self, metadata: DataSourceMetadata) -> Item:
        """Offers a datasource to apps, or describes one anew. Returns its item."""
        item = metadata_to_hypercat(self.name, metadata)
        headers = {"content-type": "application/json"}
        self._caller.ask(Call(self.name, "POST", ("cat",), headers=headers, body=json_text(item).encode()))
        return item

    def get_datasource_catalogue(self) -> Dict[str, Any]:
        """``{"catalogue-metadata": […], "items": […]}``, the newest registration first."""
        catalogue: Dict[str, Any] = parsed(self._caller.ask(Call(self.name, "GET", ("cat",))))
        return catalogue

    def wait_for_store(self, timeout_seconds: Optional[float] = None) -> None:
        """Until the store answers. Default: as long as it takes."""
        seconds = float("inf") if timeout_seconds is None else timeout_seconds
        retry(lambda: self._caller.ask(Call(self.name, "GET", ("hello",))), timeout_seconds=seconds)
