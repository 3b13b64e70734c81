"""When an instrument is traded, from the hours that TWS writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["Hours", "read_hours"]

_HOME = "America/New_York"


@dataclass(frozen=True)
class Hours:
    """Whether a session is on, and when the next ones begin and end."""

    is_open: bool
    next_open: datetime
    next_close: datetime


def read_hours(text: str, zone: str, now: datetime) -> Hours | None:
    """Read TWS's ``liquidHours``; None when no end of a session lies ahead.

    Parameters
    ----------
    text : str
        ``20260309:0930-20260309:1600;20260310:CLOSED`` and so on.
    zone : str
        In which it is written; New York's where it is not known.
    now : datetime
        With a time zone.

    Examples
    --------
    >>> from datetime import timezone
    >>> noon = datetime(2026, 3, 9, 16, tzinfo=timezone.utc)
    >>> text = "20260309:0930-20260309:1600;20260310:0930-20260310:1600"
    >>> found = read_hours(text, "US/Eastern", noon)
    >>> found.is_open, found.next_close.isoformat(), found.next_open.isoformat()
    (True, '2026-03-09T16:00:00-04:00', '2026-03-10T09:30:00-04:00')
    """
    try:
        place = ZoneInfo(zone or _HOME)
    except (ZoneInfoNotFoundError, ValueError):
        place = ZoneInfo(_HOME)
    spans = []
    for part in text.split(";"):
        begin, dash, end = part.partition("-")
        if dash:
            spans.append((_moment(begin, place), _moment(end, place)))
    ahead = sorted(span for span in spans if span[1] > now)
    if not ahead:
        return None
    is_open = ahead[0][0] <= now
    later = [begin for begin, _ in ahead if begin > now]
    return Hours(is_open, later[0] if later else ahead[-1][1], ahead[0][1])


def _moment(text: str, place: ZoneInfo) -> datetime:
    return datetime.strptime(text.strip(), "%Y%m%d:%H%M").replace(tzinfo=place)
