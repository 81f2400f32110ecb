"""What sqlfluff's templater lacks of dbt: `adapter.dispatch`. Belongs here: stand-ins for linting only."""

from __future__ import annotations

from collections.abc import Callable


def dispatch(name: str, package: str) -> Callable[..., str]:
    """A macro that renders as a call of a function of the same name; which engine it is for does not matter."""
    del package
    return lambda *arguments: f"{name}({', '.join(str(a) for a in arguments)})"
