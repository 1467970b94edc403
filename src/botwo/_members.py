"""Reach the members that the table's rows name, inside a request or a response."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from botwo._translation import Params, Translation

    Change = Callable[[Translation, Params, str], None]


def own_holders(private: Params, steps: Sequence[str]) -> Iterator[Params]:
    """Yield the dicts at the end of the steps, each copied on the way, with its list."""
    if not steps:
        yield private
        return
    name = steps[0].removesuffix("[]")
    child = private.get(name)
    if name == steps[0]:
        if isinstance(child, dict):
            private[name] = dict(child)
            yield from own_holders(private[name], steps[1:])
    elif isinstance(child, list | tuple):
        private[name] = [dict(item) if isinstance(item, dict) else item for item in child]
        for item in private[name]:
            if isinstance(item, dict):
                yield from own_holders(item, steps[1:])


def holders(answer: Params, steps: Sequence[str]) -> Iterator[Params]:
    """Yield the dicts at the end of the steps."""
    if not steps:
        yield answer
        return
    child = answer.get(steps[0].removesuffix("[]"))
    if isinstance(child, dict):
        yield from holders(child, steps[1:])
    elif isinstance(child, list | tuple):
        for item in child:
            if isinstance(item, dict):
                yield from holders(item, steps[1:])


def in_place(change: Callable[[Translation, Params], None]) -> Change:
    """Use a change of a whole dict where a row names the dict: the holder's member is copied."""

    def apply(names: Translation, holder: Params, member: str) -> None:
        for own in own_holders(holder, [member] if member else []):
            change(names, own)

    return apply


def at_place(change: Callable[..., None], bucket: str, prefix: str) -> Change:
    """Use a change of a place, a bucket and a prefix, where a row names the place."""
    return in_place(lambda names, place: change(names, place, bucket=bucket, prefix=prefix))
