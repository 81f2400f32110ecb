"""The record for search engines: a schema.org Dataset (https://schema.org/Dataset) as JSON-LD.

Belongs here: that record. Does not belong here: the record for open-data portals (`dcat.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from pipelines.release.package import titles
from pipelines.release.package.contents import README, Distribution
from pipelines.release.package.dcat import KEYWORDS, SWEDEN
from pipelines.release.package.identity import RULES_SV, Identity


def record(
    identity: Identity, years: tuple[int, int], indicator: pl.DataFrame, forms: Iterable[Distribution]
) -> dict[str, Any]:
    """The record of one release.

    Args:
        years: the first and the last with a value. indicator: the table. forms: the distributions.
    """
    publisher: dict[str, Any] = {"@type": "Organization", "name": identity.publisher}
    if identity.email:
        publisher["email"] = identity.email
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": f"{identity.base}#datamangd",
        "name": titles.TITLE_SV,
        "alternateName": titles.TITLE_EN,
        "description": titles.ABOUT_SV,
        "identifier": identity.info.release_id,
        "version": identity.info.release_id,
        "url": identity.base,
        "datePublished": identity.date,
        "inLanguage": "sv",
        "isAccessibleForFree": True,
        "license": f"{identity.base}{README}",
        "usageInfo": f"{identity.base}{README}",
        "creditText": " ".join(RULES_SV),
        "citation": identity.cite(),
        "publisher": publisher,
        "keywords": [word for pair in KEYWORDS for word in pair],
        "temporalCoverage": f"{years[0]}/{years[1]}",
        "spatialCoverage": {"@type": "Place", "name": "Sverige", "sameAs": str(SWEDEN)},
        "variableMeasured": [
            {"@type": "PropertyValue", "propertyID": i, "name": title, "unitText": unit}
            for i, title, unit in indicator.select("indicator_id", "title_sv", "unit").iter_rows()
        ],
        "distribution": [_download(identity, form) for form in forms],
    }


def _download(identity: Identity, form: Distribution) -> dict[str, Any]:
    return {
        "@type": "DataDownload",
        "name": form.title_sv,
        "description": form.about_sv,
        "encodingFormat": [form.media_type, form.compressed] if form.compressed else form.media_type,
        "contentUrl": [f"{identity.base}{f.name}" for f in form.files],
    }
