#!/usr/bin/env python3
"""Writes what the clients take from docs/openapi.json: models and one method for each operation.

    clients/generate.py            writes
    clients/generate.py --check    says which file is not current, and ends with status 1

Python alone, nothing to install.
"""

import json
import keyword
import pathlib
import re
import sys
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
API = json.loads((HERE.parent / "docs/openapi.json").read_text("utf-8"))
SCHEMAS = API["components"]["schemas"]
NOTE = "Written by clients/generate.py from docs/openapi.json; changes go there."
WIDTH = 100


def operations():
    """What a client calls over HTTP: not what is signed, nor tus: those need keys and packages, and `kobling` has them."""
    for path, item in API["paths"].items():
        for method, operation in item.items():
            headers = [p["name"] for p in operation.get("parameters", []) if p["in"] == "header"]
            signed = any(name in ("Kobling-Signature", "Tus-Resumable") for name in headers)
            if signed or method in ("options", "head") or operation["operationId"] in ("open_upload", "openapi"):
                continue
            yield method, path, operation


def name_of(reference):
    return reference.rsplit("/", 1)[1]


def one_line(text):
    return " ".join(text.split()).replace('"""', "'''").replace("\\", "\\\\")


# --- Python -------------------------------------------------------------------------------------------------------------


def python_type(schema):
    """The type of a value, as a text."""
    if not schema:
        return "Any"
    if "$ref" in schema:
        return name_of(schema["$ref"])
    for word in ("oneOf", "anyOf"):
        if word in schema:
            return union(python_type(one) for one in schema[word])
    if "enum" in schema:
        return "Literal[" + ", ".join(repr(value) for value in schema["enum"]) + "]"
    kind = schema.get("type")
    if isinstance(kind, list):
        return union(python_type({**schema, "type": one}) for one in kind)
    if kind == "array":
        return f"list[{python_type(schema.get('items', {}))}]"
    if kind == "object":
        return "dict[str, Any]"
    return {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}.get(kind, "Any")


def union(types):
    types = list(dict.fromkeys(types))
    return "Any" if "Any" in types else " | ".join(types)


def comment(text, indent):
    body = textwrap.wrap(one_line(text), WIDTH - indent - 2)
    return [" " * indent + "# " + line for line in body]


def python_models():
    lines = [f'"""What the service sends and takes, as types. {NOTE}"""', ""]
    lines += ["from __future__ import annotations", "", "from typing import Any, Literal, NotRequired, TypeAlias, TypedDict", ""]
    for name, schema in sorted(SCHEMAS.items()):
        said = schema.get("description", "")
        lines.append("")
        if schema.get("properties") and all(key.isidentifier() and not keyword.iskeyword(key) for key in schema["properties"]):
            needed = set(schema.get("required", []))
            lines.append(f"class {name}(TypedDict):")
            lines += [f'    """{line}' if not at else f"    {line}" for at, line in enumerate(textwrap.wrap(one_line(said), WIDTH - 8))]
            lines[-1] += '"""' if said else ""
            lines.append("")
            for key, value in schema["properties"].items():
                lines += comment(value.get("description", ""), 4) if value.get("description") else []
                kind = python_type(value)
                lines.append(f"    {key}: {kind if key in needed else f'NotRequired[{kind}]'}")
        elif schema.get("properties"):
            members = ", ".join(
                f'"{key}": ' + (python_type(value) if key in schema.get("required", []) else f"NotRequired[{python_type(value)}]")
                for key, value in schema["properties"].items()
            )
            lines += comment(said, 0)
            lines.append(f'{name} = TypedDict("{name}", {{{members}}})')
        else:
            lines += comment(said, 0)
            kind = python_type(schema)
            quoted = f'"{kind}"' if re.search(r"\b[A-Z]\w+View\b", kind) else kind
            lines.append(f"{name}: TypeAlias = {quoted}")
        lines.append("")
    return "\n".join(lines)


def answer_of(operation):
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            content = response.get("content", {}).get("application/json")
            return content.get("schema", {}) if content else None
    return None


def in_models(kind):
    return re.sub(r"\b(?!Any\b|None\b|Literal\b)([A-Z]\w+)\b", r"models.\1", kind)


def python_name(name):
    return name + "_" if keyword.iskeyword(name) or name == "id" else name


def python_operations():
    lines = [f'"""A method for each operation. {NOTE}"""', ""]
    lines += ["from __future__ import annotations", "", "from typing import Any, cast", "", "from . import models", ""]
    lines += ["", "class Operations:", '    """Operations of the service, by their names in its description."""', ""]
    lines += ["    def call(self, method: str, path: str, *, query: dict[str, Any] | None = None, body: Any = None) -> Any:"]
    lines += ['        """Sends a request; `kobling_client.Client` says how."""', "        raise NotImplementedError", ""]
    for method, path, operation in operations():
        parameters = operation.get("parameters", [])
        places = [p["name"] for p in parameters if p["in"] == "path"]
        queries = [p for p in parameters if p["in"] == "query"]
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        arguments = ["self"] + [f"{python_name(place)}: str" for place in places]
        if body is not None:
            arguments.append(f"body: {in_models(python_type(body))}")
        if queries:
            arguments.append("*")
            arguments += [f"{python_name(q['name'])}: {in_models(python_type(q['schema']))} | None = None" for q in queries]
        answer = answer_of(operation)
        result = "None" if answer is None else in_models(python_type(answer))
        lines.append(f"    def {python_name(operation['operationId'])}({', '.join(arguments)}) -> {result}:")
        said = one_line(operation.get("summary") or operation.get("description", ""))
        lines += [f'        """{line}' if not at else f"        {line}" for at, line in enumerate(textwrap.wrap(said, WIDTH - 12))]
        lines[-1] += '"""'
        address = path
        for place in places:
            address = address.replace("{" + place + "}", "{_place(" + python_name(place) + ")}")
        call = f'self.call("{method.upper()}", f"{address}"' if places else f'self.call("{method.upper()}", "{path}"'
        if queries:
            call += ", query={" + ", ".join(f'"{q["name"]}": {python_name(q["name"])}' for q in queries) + "}"
        if body is not None:
            call += ", body=body"
        call += ")"
        lines.append(f"        {call}" if answer is None else f'        return cast("{result}", {call})')
        lines.append("")
    lines += ["", "def _place(text: object) -> str:", '    """A text as part of an address."""', "    from urllib.parse import quote", ""]
    lines += ['    return quote(str(text), safe="")', ""]
    return "\n".join(lines)


# --- R ------------------------------------------------------------------------------------------------------------------


def r_operations():
    lines = [f"# A function for each operation. {NOTE}", ""]
    for method, path, operation in operations():
        parameters = operation.get("parameters", [])
        places = [p["name"] for p in parameters if p["in"] == "path"]
        queries = [p["name"] for p in parameters if p["in"] == "query"]
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        arguments = ["client"] + places + (["body"] if body is not None else []) + [f"{query} = NULL" for query in queries]
        said = one_line(operation.get("summary") or operation.get("description", "")).replace("\\\\", "\\")
        lines += [f"#' {line}" for line in textwrap.wrap(said, WIDTH - 4)]
        lines += ["#'", "#' @param client What `kobling_client()` made."]
        lines += [f"#' @param {place} Part of the address." for place in places]
        if body is not None:
            lines.append(f"#' @param body A list with the members of `{python_type(body.get('schema', {}))}` (docs/openapi.json).")
        lines += [f"#' @param {query} What the list is narrowed to." for query in queries]
        lines += ["#' @return The answer as R reads JSON, or NULL where there is none.", "#' @export"]
        lines.append(f"kobling_{operation['operationId']} <- function({', '.join(arguments)}) {{")
        pieces = [piece for piece in re.split(r"(\{\w+\})", path) if piece]
        if places:
            parts = ", ".join(f"place({piece[1:-1]})" if piece.startswith("{") else f'"{piece}"' for piece in pieces)
            address = f"paste0({parts})"
        else:
            address = f'"{path}"'
        call = f'  call_service(client, "{method.upper()}", {address}'
        if queries:
            call += ", query = list(" + ", ".join(f"{query} = {query}" for query in queries) + ")"
        if body is not None:
            call += ", body = body"
        lines += [call + ")", "}", ""]
    return "\n".join(lines)


def r_namespace():
    lines = [f"# {NOTE}"]
    names = ["kobling_answer", "kobling_client", "kobling_program", "kobling_records", "kobling_verify"]
    names += [f"kobling_{operation['operationId']}" for _, _, operation in operations()]
    lines += [f"export({name})" for name in sorted(names)]
    lines += ["S3method(print, kobling_client)", ""]
    return "\n".join(lines)


FILES = {
    "python/src/kobling_client/models.py": python_models,
    "python/src/kobling_client/operations.py": python_operations,
    "r/R/operations.R": r_operations,
    "r/NAMESPACE": r_namespace,
}


def main():
    stale = []
    for name, write in FILES.items():
        path, text = HERE / name, write().rstrip("\n") + "\n"
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv[1:]:
            path.write_text(text, "utf-8")
    for name in stale:
        print(f"clients/{name}", "is not current: run clients/generate.py" if "--check" in sys.argv[1:] else "written")
    sys.exit(1 if stale and "--check" in sys.argv[1:] else 0)


main()
