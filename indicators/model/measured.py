"""What a source series measures, in the words and figures of its publisher's description.

Belongs here: the type of the key `measured`, with what it requires of a definition. Does not belong here: which series
has one (`load/measured_references.py`), the publisher's sentences, which are nobody's to copy.
"""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from indicators.model.value import IntervalReason, Strict, Year
from indicators.model.vocabulary import Counts

Ages = Annotated[str, Field(pattern=r"^(alla|\d+\+|\d+–\d+)$")]
Verdict = Literal["same", "clarified", "corrected"]
DIGEST_LENGTH = 12
# A share or rate of these has no interval for the reason that is named; of persons it depends on what else is known.
_NO_INTERVAL: dict[Counts, IntervalReason] = {
    Counts.EPISODES: "repeated_events",
    Counts.FULL_TIME_EQUIVALENTS: "not_a_count",
    Counts.HOURS: "not_a_count",
    Counts.DAYS: "not_a_count",
    Counts.PLACES: "not_a_count",
    Counts.STAFF: "not_a_count",
}
_FILLING = {"ja", "för", "i"}  # words of an answer that a definition need not repeat


class EarlierAges(Strict):
    """The ages that were counted up to a year."""

    ages: Ages
    last_year: Year


class NoBreak(Strict):
    """A year that the source's description names and that is no break, with the reason."""

    year: Year
    reason_sv: str = Field(min_length=10)


class Measured(Strict):
    """What the source measures: things of kind `counts`, `counted_sv` among `who_sv`, out of `of_sv`.

    `answers` are those that are counted, as the questionnaire words them; `left_out_sv` is outside both sides.
    `description_sha256` is the digest of the description that this was read from (`digest`), so that another
    description is seen when it comes. `verdict` and `changed_sv` say how our definition stood against it when it was
    reviewed: `same`; `clarified`, something that it left out is now said; `corrected`, it said something else.
    """

    counts: Counts
    who_sv: str = Field(min_length=5)
    ages: Ages | None = None
    earlier_ages: tuple[EarlierAges, ...] = ()
    period_sv: str | None = None
    counted_sv: str = Field(min_length=4)
    of_sv: str | None = None
    answers: tuple[str, ...] = ()
    left_out_sv: str | None = None
    no_break: tuple[NoBreak, ...] = ()
    verdict: Verdict
    changed_sv: str | None = Field(default=None, min_length=15)
    description_sha256: str = Field(pattern=rf"^[0-9a-f]{{{DIGEST_LENGTH}}}$")

    @model_validator(mode="after")
    def _a_change_is_told(self) -> Measured:
        if (self.verdict == "same") != (self.changed_sv is None):
            raise ValueError("changed_sv belongs to the verdicts clarified and corrected, and to no other")
        return self

    @property
    def no_interval_reason(self) -> IntervalReason | None:
        """Why a share or rate of these things has no interval; None where it may have one."""
        return _NO_INTERVAL.get(self.counts)

    def unnamed_in(self, text: str) -> str | None:
        """What a definition must name and does not: an age or an answer that is counted."""
        words = text.casefold()
        ages = [number for ages in (self.ages, *(e.ages for e in self.earlier_ages)) for number in _numbers(ages)]
        for number in ages:
            if number not in words:
                return f"the age {number}"
        for answer in self.answers:
            for word in re.findall(r"\w+", answer.casefold()):
                if word not in words and word not in _FILLING:
                    return f"the answer {answer}"
        return None


def digest(description: str | None) -> str:
    """The digest of a publisher's description, without regard to how its white space is laid out."""
    plain = " ".join((description or "").replace("\\n", " ").split())
    return hashlib.sha256(plain.encode()).hexdigest()[:DIGEST_LENGTH]


def _numbers(ages: str | None) -> list[str]:
    """The numbers of an age range; an upper bound of `0–64` may be said as `under 65`."""
    found = re.findall(r"\d+", ages or "")
    return [number for number in found if number != "0"]
