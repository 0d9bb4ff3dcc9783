"""What leaves the box: to destinations that the owner agreed to."""
from typing import Any, Dict, Mapping, NamedTuple, Optional

from .caller import Call, Caller, json_body, json_text, parsed
from .errors import DataboxError
from .retrying import retry

#: One poll waits this long in the box.
POLL_SECONDS = 20


class ExportState(NamedTuple):
    """An export on its way."""

    id: str
    #: ``Pending``, ``Processing`` or ``Finished``.
    state: str
    #: Of a finished one: ``{"status": "200 OK", "body": "…"}``, as the destination answered.
    ext_response: Mapping[str, Any]


class Export:
    """``destination`` is exactly one of the manifest's ``export-whitelist``, ``payload`` an object or array.

    Raises Refused (``permission.refused``, ``export.refused``), TooMany (``export.full``), Unknown
    (``export.unknown``).
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def longpoll(self, destination: str, payload: Any, id: str = "") -> ExportState:
        """Hands over a payload, or with an id that was returned before waits for its next state."""
        return self._ask(destination, {"id": id, "data": json_body(payload).decode()})

    def send(self, destination: str, payload: Any, idempotency_key: Optional[str] = None) -> ExportState:
        """Hands over a payload and waits until it was answered, whatever the answer.

        idempotency_key: 1 to 255 visible ASCII characters. With it the same is handed over again where it may not have
        arrived, and leaves once.
        """
        data = json_body(payload).decode()
        job = {"id": "", "data": data}
        if idempotency_key is None:
            # Handing over twice exports twice, unless a key tells the box that it is the same.
            state = self._ask(destination, job)
        else:
            keyed = {**job, "idempotencyKey": idempotency_key}
            state = retry(lambda: self._ask(destination, keyed))
        while state.state != "Finished":
            if not state.id:
                raise DataboxError("answer.invalid", "the export service gave no id")
            poll = {"id": state.id, "data": data}
            state = retry(lambda: self._ask(destination, poll))
        return state

    def _ask(self, destination: str, job: Dict[str, str]) -> ExportState:
        call = Call(
            host="export-service",
            method="POST",
            path=("lp", "export"),
            query="timeout=%d" % POLL_SECONDS,
            caveats=({"destination": destination},),
            headers={"content-type": "application/json"},
            body=json_text({"uri": destination, **job}).encode(),
            silence_seconds=POLL_SECONDS + 10,
        )
        answer = parsed(self._caller.ask(call))
        return ExportState(answer["id"], answer["state"], answer["ext_response"])
