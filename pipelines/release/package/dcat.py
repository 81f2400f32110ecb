"""The catalogue record: one graph, serialised as Turtle and as JSON-LD, following DCAT-AP-SE 3.0.1.

The profile: https://docs.dataportal.se/dcat/3.0.1/sv/. Belongs here: the graph. Does not belong here: other records
(`schema_org.py`, `datapackage.py`). Every node has a name, so that equal releases give equal files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from rdflib import DCAT, DCTERMS, FOAF, RDF, XSD, Graph, Literal, Namespace, URIRef

from pipelines.release.package import titles
from pipelines.release.package.contents import CHANGES, README, Distribution
from pipelines.release.package.identity import RULES_SV, Identity

ADMS, ODRS = Namespace("http://www.w3.org/ns/adms#"), Namespace("http://schema.theodi.org/odrs#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
_PUBLISHER_TYPE = Namespace("http://purl.org/adms/publishertype/")
_EU = Namespace("http://publications.europa.eu/resource/authority/")
_IANA = "https://www.iana.org/assignments/media-types/"
CC0 = URIRef("http://creativecommons.org/publicdomain/zero/1.0/")  # required by the profile
SWEDEN = URIRef("http://sws.geonames.org/2661886")
KEYWORDS = (
    ("äldreomsorg", "care of older people"), ("nära vård", "integrated care"), ("hemtjänst", "home help"),
    ("särskilt boende", "special housing"), ("kommuner", "municipalities"), ("nyckeltal", "indicators"),
)  # fmt: skip
_PREFIXES = {"dcat": DCAT, "dcterms": DCTERMS, "foaf": FOAF, "adms": ADMS, "odrs": ODRS, "vcard": VCARD}


class Catalogue:
    """The graph of one release.

    Args:
        identity: which release. years: the first and the last with a value. changes: a summary of what differs from
        the previous release. forms: the distributions.
    """

    def __init__(self, identity: Identity, years: tuple[int, int], changes: str, forms: Iterable[Distribution]) -> None:
        self._identity = identity
        self.graph = Graph(bind_namespaces="none")
        for prefix, namespace in _PREFIXES.items():
            self.graph.bind(prefix, namespace)
        self._publisher()
        self._catalogue()
        self._dataset(years, changes)
        for form in forms:
            self._distribution(form)

    def turtle(self) -> str:
        """The graph as Turtle."""
        return self.graph.serialize(format="turtle")

    def json_ld(self) -> str:
        """The graph as self-contained JSON-LD."""
        context = {prefix: str(namespace) for prefix, namespace in _PREFIXES.items()}
        made = json.loads(self.graph.serialize(format="json-ld", context=context, auto_compact=False))
        made["@graph"].sort(key=lambda node: str(node["@id"]))
        return json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    def _here(self, name: str) -> URIRef:
        return URIRef(self._identity.base + name)

    def _add(self, subject: URIRef, kind: URIRef, **said: Iterable[URIRef | Literal]) -> None:
        """Add statements about a node; names are written prefix_property."""
        self.graph.add((subject, RDF.type, kind))
        for name, values in said.items():
            prefix, _, local = name.partition("_")
            for value in values:
                self.graph.add((subject, Namespace(str(_PREFIXES[prefix]))[local], value))

    def _publisher(self) -> None:
        told = self._identity
        email = [URIRef(f"mailto:{told.email}")] if told.email else []
        self._add(
            self._here("#utgivare"),
            FOAF.Agent,
            foaf_name=[Literal(told.publisher, lang="sv")],
            dcterms_type=[_PUBLISHER_TYPE[told.publisher_type]],
            foaf_mbox=email,
        )
        if email:  # a contact point needs an address: without one, it is left out
            name = [Literal(told.publisher)]
            self._add(self._here("#kontakt"), VCARD.Organization, vcard_fn=name, vcard_hasEmail=email)

    def _catalogue(self) -> None:
        self._add(
            self._here("#katalog"),
            DCAT.Catalog,
            dcterms_title=_both("Öppna data från nyckeltal", "Open data of nyckeltal"),
            dcterms_description=_both(
                "Katalog över det som nyckeltal ger ut. Katalogens egna texter lämnas under CC0; datamängdens villkor "
                "är källornas.",
                "Catalogue of what nyckeltal publishes. The catalogue's own text is CC0; the terms of the dataset are "
                "those of its sources.",
            ),
            dcterms_publisher=[self._here("#utgivare")],
            dcterms_license=[CC0],
            dcterms_issued=[self._date()],
            dcterms_modified=[self._date()],
            dcterms_language=[_EU["language/SWE"], _EU["language/ENG"]],
            dcterms_spatial=[SWEDEN],
            dcat_themeTaxonomy=[_EU["data-theme"]],
            dcat_dataset=[self._here("#datamangd")],
        )

    def _dataset(self, years: tuple[int, int], changes: str) -> None:
        told = self._identity
        period, origin = self._here("#period"), self._here("#ursprung")
        self._add(
            self._here("#datamangd"),
            DCAT.Dataset,
            dcterms_title=_both(titles.TITLE_SV, titles.TITLE_EN),
            dcterms_description=_both(titles.ABOUT_SV, titles.ABOUT_EN),
            dcterms_publisher=[self._here("#utgivare")],
            dcat_contactPoint=[self._here("#kontakt")] if told.email else [],
            dcterms_identifier=[Literal(told.info.release_id)],
            dcat_version=[Literal(told.info.release_id)],
            adms_versionNotes=[Literal(changes, lang="sv")],
            dcterms_issued=[self._date()],
            dcterms_modified=[self._date()],
            dcterms_language=[_EU["language/SWE"]],
            dcterms_accessRights=[_EU["access-right/PUBLIC"]],
            dcterms_accrualPeriodicity=[_EU["frequency/IRREG"]],
            dcterms_spatial=[SWEDEN],
            dcterms_temporal=[period],
            dcat_temporalResolution=[Literal("P1Y", datatype=XSD.duration)],
            dcat_theme=[_EU["data-theme/HEAL"], _EU["data-theme/SOCI"]],
            dcat_keyword=[word for sv, en in KEYWORDS for word in _both(sv, en)],
            dcterms_provenance=[origin],
            foaf_page=[self._here(README), self._here(CHANGES)],
        )
        first, last = (Literal(str(year), datatype=XSD.gYear) for year in years)
        self._add(period, DCTERMS.PeriodOfTime, dcat_startDate=[first], dcat_endDate=[last])
        said = f"Beräknad av källornas värden. {' '.join(RULES_SV)} {told.cite()}"
        self._add(origin, DCTERMS.ProvenanceStatement, dcterms_description=[Literal(said, lang="sv")])
        self._add(
            self._here("#villkor"),
            DCTERMS.LicenseDocument,
            dcterms_title=[Literal("Källornas egna villkor, så som de står i README.md", lang="sv")],
        )
        self._add(
            self._here("#rattigheter"),
            ODRS.RightsStatement,
            odrs_attributionText=[Literal(t, lang="sv") for t in RULES_SV],
        )

    def _distribution(self, form: Distribution) -> None:
        here = self._here(f"#{form.key}")
        files = [self._here(f.name) for f in form.files]
        only = form.files[0] if len(form.files) == 1 else None
        # By the profile, many files of one kind are one distribution, with a download address for each.
        self._add(
            here,
            DCAT.Distribution,
            dcterms_title=_both(form.title_sv, form.title_en),
            dcterms_description=[Literal(form.about_sv, lang="sv")],
            dcat_accessURL=files if only else [self._here(README)],
            dcat_downloadURL=files,
            dcterms_format=[Literal(form.media_type)],
            dcat_compressFormat=[URIRef(f"{_IANA}{form.compressed}")] if form.compressed else [],
            dcterms_language=[_EU["language/SWE"]],
            dcterms_issued=[self._date()],
            dcterms_license=[self._here("#villkor")],
            dcterms_rights=[self._here("#rattigheter")],
            dcterms_conformsTo=[URIRef(form.standard)] if form.standard else [],
            dcat_byteSize=[Literal(only.size, datatype=XSD.nonNegativeInteger)] if only and only.size else [],
            adms_status=[_EU["distribution-status/COMPLETED"]],
        )
        self.graph.add((self._here("#datamangd"), DCAT.distribution, here))

    def _date(self) -> Literal:
        return Literal(self._identity.date, datatype=XSD.date)


def _both(sv: str, en: str) -> list[URIRef | Literal]:
    return [Literal(sv, lang="sv"), Literal(en, lang="en")]
