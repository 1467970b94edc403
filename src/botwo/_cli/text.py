"""Text that a terminal shows as it is: names come from anywhere."""

from __future__ import annotations

import re

# Controls, and what changes the direction of a line or ends it.
_MOVES = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069]")


def shown(name: object) -> str:
    """Give a name as a terminal may show it: a key can hold what would move the cursor."""
    return _MOVES.sub(lambda found: repr(found[0])[1:-1], str(name))
