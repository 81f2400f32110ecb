"""The controlled vocabularies of declarations.

Belongs here: each list of allowed words, with their meaning. Does not belong here: which key uses them (`indicator.py`
and its siblings).
"""

from __future__ import annotations

from enum import StrEnum


class Theme(StrEnum):
    """The folder of an indicator."""

    KOSTNAD = "kostnad"
    KVALITET = "kvalitet"
    KOMPETENS = "kompetens"
    SAMVERKAN = "samverkan"
    BEHOV = "behov"
    ORGANISATION = "organisation"
    HALSOFRAMJANDE = "halsoframjande"


class GrArea(StrEnum):
    """The seven areas of GR's own set of nyckeltal for municipal primary care."""

    PERSONCENTRERING = "personcentrering"
    KVALITET = "kvalitet_patientsakerhet"
    SAMVERKAN = "samverkan"
    KOMPETENS = "kompetens"
    ORGANISATION = "organisatoriska_forutsattningar"
    HALSOFRAMJANDE = "halsoframjande"
    KOSTNADER = "kostnader"


class SuccessFactor(StrEnum):
    """The six framgångsfaktorer (Region Västmanland, after the national inquiry on nära vård)."""

    SAMVERKAN = "samverkan_kommun_region"
    TEKNIK = "ny_teknik"
    EGENVARD = "egenvard"
    DIGITALT = "medarbetarnas_digitala_medverkan"
    PERSONCENTRERING = "personcentrering"
    KOMPETENS = "kompetensforsorjning"


class NaraVardShift(StrEnum):
    """The four shifts of SKR's Indikatorer Nära vård (2023)."""

    RELATION = "organisation_till_person_och_relation"
    MEDSKAPARE = "passiv_mottagare_till_medskapare"
    PROAKTIV = "reaktiv_till_proaktiv"
    SAMORDNAT = "isolerade_insatser_till_samordnat"


class Polarity(StrEnum):
    """Which direction is better; costs and needs mostly have no judgement."""

    HIGHER = "higher_better"
    LOWER = "lower_better"
    NONE = "no_judgement"


class ValueType(StrEnum):
    """The type of number; determines bounds, sums over areas and possible intervals."""

    COUNT = "count"  # a number of persons, places, events: may be added over areas
    AMOUNT = "amount"  # money or time in all: may be added over areas
    PROPORTION = "proportion"  # part of a whole, in per cent
    RATE = "rate"  # per inhabitant, per 1 000, per user
    MEAN = "mean"  # mean of persons or events
    MEDIAN = "median"
    INDEX = "index"
    ORDINAL = "ordinal"  # a coded answer, such as 0, 1, 2
    DEVIATION = "deviation"  # distance from a reference; may be negative


class Counts(StrEnum):
    """The kind of thing that a source counts or adds; only a count of persons may have an interval."""

    PERSONS = "persons"  # each person once in a period
    EPISODES = "episodes"  # stays and visits: one person may have several, so they are not independent of one another
    FULL_TIME_EQUIVALENTS = "full_time_equivalents"
    STAFF = "staff"  # staff on a schedule: the same person may stand there many times
    HOURS = "hours"
    DAYS = "days"
    YEARS = "years"  # of age
    PLACES = "places"  # homes and beds
    MONEY = "money"
    AREA = "area"
    INDEX = "index"
    MUNICIPALITY = "municipality"  # the municipality's own answer, or a property of it


class CostConcept(StrEnum):
    """Kolada's and SCB's cost concepts, which are never compared with each other."""

    KOSTNAD = "kostnad"  # kostnad för eget åtagande: before fees and targeted grants
    NETTOKOSTNAD = "nettokostnad"  # after fees and targeted state grants
    AVVIKELSE = "nettokostnadsavvikelse"  # net cost less the reference cost
    ANDEL_KOP = "andel_kop"  # share of the cost that is bought from others
    ANDEL_KOSTNAD = "andel_av_kostnad"  # one cost as a share of another
    INDEX = "index"


class Caution(StrEnum):
    """Why a published value is not to be trusted; the first reason that applies is given."""

    KNOWN_ERROR = "known_error"  # the source's value is declared wrong in registers/corrections
    SHARE = "share_outside_0_100"  # a share below 0 or above 100 that is not declared as one that may be so
    NEGATIVE = "negative"  # a count or an amount below zero that is not declared as one that may be so
    ZERO = "zero_among_large"  # zero, while the area's other years and nearly all other areas are far from zero
    OWN_YEARS = "unlike_own_years"  # some hundred times more or less than the area's other years
    BEYOND = "beyond_plausible"  # further out than the plausible range by the declared factor
    COVERAGE = "low_coverage"  # its inputs cover too little of the population
    INPUT = "input_cautioned"  # computed from a value, of a measure, a weight or a member, that carries a caution
    WEIGHT = "weight_unreconciled"  # a group's, by a weight that does not give the nation its own value, unexplained


class PriceBasisKind(StrEnum):
    """Money of the year itself, or money in one year's prices."""

    CURRENT = "current"
    FIXED = "fixed"
    NONE = "none"  # a share or index of money: no price level
