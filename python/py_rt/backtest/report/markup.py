"""HTML by construction: text is escaped unless it was made here."""

from __future__ import annotations

from html import escape

__all__ = ["Html", "element", "joined"]

_VOID = frozenset({"br", "hr", "img", "meta"})


class Html(str):
    """Text that is markup already; only ``element`` and ``joined`` make it."""

    __slots__ = ()


def element(name: str, *content: object, **attributes: object) -> Html:
    """Return one element; everything in it that is not ``Html`` is escaped.

    Parameters
    ----------
    name : str
        Tag name, ours.
    *content : object
        Children; None is left out.
    **attributes : object
        Attributes; a trailing underscore is cut (``class_``), other underscores become hyphens,
        None and False are left out, True is an attribute without a value.

    Examples
    --------
    >>> element("b", "1 < 2", class_="x", title='say "hi"')
    '<b class="x" title="say &quot;hi&quot;">1 &lt; 2</b>'
    """
    opening = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        label = key.rstrip("_").replace("_", "-")
        opening.append(label if value is True else f'{label}="{escape(str(value))}"')
    start = f"<{' '.join(opening)}>"
    return Html(start if name in _VOID else f"{start}{joined(*content)}</{name}>")


def joined(*content: object) -> Html:
    """Return the parts one after the other, escaping what is not ``Html``.

    Examples
    --------
    >>> joined("a & b", element("i", "c"), None)
    'a &amp; b<i>c</i>'
    """
    return Html(
        "".join(
            part if isinstance(part, Html) else escape(str(part))
            for part in content
            if part is not None
        )
    )
