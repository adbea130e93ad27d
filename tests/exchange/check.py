"""Holds exported consents against public definitions that this project did not write.

usage: check.py BUNDLE.json RECORDS.jsonld

The bundle: fhir.resources (R4, 4.0.1) takes every resource and writes it back unchanged; the published JSON schema takes
codes and forms of values; invariants of the specification that neither holds are asked here. The records: PyLD expands
them, no key or type stays unexpanded, and every term of the vocabulary that is used stands in its list of terms.
"""

import json
import pathlib
import re
import sys

import jsonschema
from fhir.resources import __fhir_version__
from fhir.resources.bundle import Bundle
from fhir.resources.consent import Consent
from pyld import jsonld

HERE = pathlib.Path(__file__).parent
STATUS = {"draft", "proposed", "active", "rejected", "inactive", "entered-in-error"}
# Fields that the guide to ISO/IEC TS 27560 wants in a record, and that an event has (docs/CONSENT.md says which it has not).
MUST = [
    "http://purl.org/dc/terms/conformsTo",
    "http://purl.org/dc/terms/identifier",
    "https://w3id.org/dpv#hasDataSubject",
    "https://w3id.org/dpv#hasDataController",
    "https://w3id.org/dpv#hasJurisdiction",
    "https://w3id.org/dpv#hasNotice",
    "https://w3id.org/dpv#hasProcess",
    "https://w3id.org/dpv#hasStorageCondition",
    "https://w3id.org/dpv#hasConsentStatus",
]

wrong = []


def check(holds, what):
    if not holds:
        wrong.append(what)


def provisions(provision):
    yield provision
    for inner in provision.get("provision", []):
        yield from provisions(inner)


def bundle(path):
    text = json.loads(path.read_text(encoding="utf-8"))
    check(__fhir_version__ == "4.0.1", f"fhir.resources is for {__fhir_version__}")
    schema = json.loads((HERE / "fhir-r4-consent.schema.json").read_text(encoding="utf-8"))
    for error in jsonschema.Draft6Validator(schema).iter_errors(text):
        wrong.append(f"schema: {'/'.join(map(str, error.absolute_path))}: {error.validator}")
    try:
        Bundle.parse_obj(text)
    except ValueError as error:
        wrong.append(f"fhir.resources: {error}")
    urls = [entry["fullUrl"] for entry in text["entry"]]
    check(len(urls) == len(set(urls)), "bdl-7: a fullUrl twice")
    for at, entry in enumerate(text["entry"]):
        resource = entry["resource"]
        try:
            again = json.loads(Consent.parse_obj(resource).json())
            check(again.keys() == resource.keys(), f"entry {at}: fhir.resources keeps other fields")
        except ValueError as error:
            wrong.append(f"entry {at}: fhir.resources: {error}")
            continue
        check(resource["status"] in STATUS, f"entry {at}: status")
        check("policy" in resource or "policyRule" in resource, f"entry {at}: ppc-1")
        root = resource.get("provision", {})
        check("type" not in root, f"entry {at}: a type in the root provision")
        for inner in list(provisions(root))[1:]:
            check(inner.get("type") in ("permit", "deny"), f"entry {at}: an inner provision without a type")
        for period in [p[k] for p in provisions(root) for k in ("period", "dataPeriod") if k in p]:
            check(period["start"] <= period.get("end", "9999"), f"entry {at}: per-1")
        for item in resource.get("extension", []):
            check(len([k for k in item if k.startswith("value")]) == 1, f"entry {at}: ext-1")
    return len(text["entry"])


def iris(node):
    """Every IRI that an expanded document uses as a key, type or value."""
    if isinstance(node, list):
        for item in node:
            yield from iris(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in ("@id", "@type"):
                yield from [value] if isinstance(value, str) else value
            elif not key.startswith("@"):
                yield key
                yield from iris(value)
            elif key == "@list":
                yield from iris(value)


def keys(node):
    if isinstance(node, list):
        return sum(keys(item) for item in node)
    if isinstance(node, dict):
        return sum(1 + keys(v) for k, v in node.items() if k not in ("@context", "@value") and v != [])
    return 0


def records(path):
    text = json.loads(path.read_text(encoding="utf-8"))
    lines = (HERE / "dpv-terms.txt").read_text(encoding="utf-8").splitlines()
    terms = dict(line.split(" ") for line in lines if not line.startswith("#"))

    def no_network(url, options):
        raise ValueError("the context is in the file")

    jsonld.set_document_loader(no_network)
    expanded = jsonld.expand(text)
    used = set(iris(expanded))
    for iri in sorted(used):
        check(re.match(r"^(https?|urn):", iri), f"not an IRI: {iri}")
        if iri.startswith("https://w3id.org/dpv"):
            check(iri in terms, f"no term of DPV 2.3: {iri}")
    # A key that the context does not know would be dropped in silence.
    check(keys(text) == keys(jsonld.compact(expanded, text["@context"])), "expansion drops a field")
    parts = expanded[0]["http://purl.org/dc/terms/hasPart"]
    statuses = {t for t in terms if t.startswith("https://w3id.org/dpv#Consent") or "RenewedConsent" in t}
    for at, record in enumerate(parts):
        check(record.get("@type") == ["https://w3id.org/dpv#ConsentRecord"], f"record {at}: type")
        for field in MUST:
            check(len(record.get(field, [])) >= 1, f"record {at}: {field} is missing")
        for status in record["https://w3id.org/dpv#hasConsentStatus"]:
            check(statuses & set(status["@type"]), f"record {at}: no consent status")
        for key in record:
            if key.startswith("https://w3id.org/dpv#"):
                check(terms.get(key) == "property", f"record {at}: {key} is no property")
    check(len(jsonld.to_rdf(text)["@default"]) > len(parts), "no triples")
    return len(parts)


consents = bundle(pathlib.Path(sys.argv[1]))
found = records(pathlib.Path(sys.argv[2]))
print(f"{consents} consents, {found} records, {len(wrong)} wrong")
for line in wrong[:50]:
    print(line)
sys.exit(1 if wrong else 0)
