"""What went wrong: as the box says it (docs/errors.md), or as this library found it."""
import json
from typing import Any, Dict, Mapping, Optional, Type


class DataboxError(Exception):
    """Every refusal and failure; its classes below tell apart what a program does about them."""

    #: The box's word, for example ``permission.refused``; of this library ``unreachable``, ``environment.invalid``,
    #: ``answer.invalid``, ``closed``.
    code: str
    #: HTTP status; 0 where there was no answer.
    status: int
    #: The sentence of the box.
    title: str
    #: What else the box said, for example ``pointer``, ``line``, ``written``.
    details: Mapping[str, Any]

    def __init__(self, code: str, title: str, status: int = 0, details: Optional[Mapping[str, Any]] = None) -> None:
        super().__init__("%s (%s)" % (title, code))
        self.code = code
        self.title = title
        self.status = status
        self.details = {} if details is None else details

    @property
    def retry_after_seconds(self) -> float:
        """When to try again, of ``TooMany``; 0 where the box says nothing of it."""
        seconds = self.details.get("retryAfterSeconds")
        return float(seconds) if isinstance(seconds, (int, float)) else 0.0


class NotAComponent(DataboxError):
    """The environment does not say who and where this component is (``environment.invalid``)."""


class Unreachable(DataboxError):
    """No answer, or none to its end (``unreachable``). What was sent may or may not have arrived."""


class Refused(DataboxError):
    """401 and 403: the owner does not, or no longer, permit it; the key or token is not good."""


class Unknown(DataboxError):
    """404: there is no such store, export, component or path."""


class Invalid(DataboxError):
    """Other 4xx: what was sent is not what the box takes. The same again is refused again."""


class Conflict(DataboxError):
    """409 and 412: somebody else was first. Read again, then decide."""


class TooMany(DataboxError):
    """429: wait for ``retry_after_seconds``."""


class Unavailable(DataboxError):
    """502, 503 and 504: what answers is not there now, and may be later."""


class Full(DataboxError):
    """507: the disk, the store's quota or its catalogue is full."""


_classes: Dict[int, Type[DataboxError]] = {
    401: Refused,
    403: Refused,
    404: Unknown,
    409: Conflict,
    412: Conflict,
    429: TooMany,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
    507: Full,
}


def error_of(status: int, body: bytes) -> DataboxError:
    """The error of an answer that is not 2xx: a problem+json body of the box, or whatever else it was."""
    try:
        problem = json.loads(body.decode())
    except ValueError:
        # Not the box's own answer: the status alone says what there is to say.
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    code, title = problem.get("code"), problem.get("title")
    kind = _classes.get(status, Invalid if 400 <= status < 500 else DataboxError)
    return kind(
        code if isinstance(code, str) else "answer.invalid",
        title if isinstance(title, str) else "the box answered with status %d" % status,
        status,
        {name: value for name, value in problem.items() if name not in ("type", "status", "code", "title")},
    )


def is_passing(error: BaseException) -> bool:
    """Whether the same may succeed later: no answer, too many requests, a store or service that is starting."""
    if isinstance(error, (TooMany, Unavailable)):
        return True
    return isinstance(error, DataboxError) and error.code in ("unreachable", "store.unknown")
