"""Suggestions for words and names that match nothing.

Belongs here: the most similar words and names among the existing ones. Does not belong here: codes of areas
(`normalise.py`), where the words come from, and the text of a message.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from pipelines.text.normalise import folded

_ALIKE = 0.72
_FEWEST = 3  # minimum characters of a word
_WORD = re.compile(r"[^\W_]+")


def words_near(typed: str, texts: Iterable[str], most: int = 5) -> list[str]:
    """The words of the texts that are most similar to a typed word that occurs in none of them, best first."""
    known: dict[str, str] = {}
    for text in texts:
        for word in _WORD.findall(text):
            if len(word) >= _FEWEST:
                small = word.lower()
                if small != folded(word) or folded(word) not in known:  # with its original spelling
                    known[folded(word)] = small
    near: dict[str, None] = {}
    for word in _WORD.findall(typed):
        if not any(folded(word) in other for other in known):
            near |= dict.fromkeys(difflib.get_close_matches(folded(word), known, n=most, cutoff=_ALIKE))
    return [known[word] for word in near][:most]


def names_near(typed: str, names: Iterable[str], most: int = 3) -> list[str]:
    """The names that are most similar to what was typed, as a whole or in one of their words, best first."""
    by_folded = {folded(name): name for name in names}
    wanted = folded(typed)
    within = [name for key, name in by_folded.items() if wanted and (wanted in key or key in wanted)]
    alike = [by_folded[key] for key in difflib.get_close_matches(wanted, by_folded, n=most, cutoff=0.6)]
    parts = {word: name for key, name in by_folded.items() for word in re.split(r"[\W_]+", key) if len(word) >= _FEWEST}
    of_words = [parts[word] for word in difflib.get_close_matches(wanted, parts, n=most, cutoff=_ALIKE)]
    return list(dict.fromkeys([*sorted(within, key=len), *alike, *of_words]))[:most]
