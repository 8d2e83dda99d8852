"""Write the catalogue of everything but chat that the package ships.

    python scripts/refresh_media.py SPECS.jsonl

SPECS.jsonl holds the documented request schema of each model id, one JSON object a line with
`route`, `path`, `model`, `content_type` and `request`. Kept of each parameter is what can be
checked before a request is sent: type, values, bounds, default; descriptions are not. The same
input gives the same bytes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

CATALOGUE = Path(__file__).parents[1] / "src/langchain_aimlapi/_catalogue/media.json"

KINDS = {
    "images": "image",
    "image_edits": "image_edit",
    "video": "video",
    "music": "music",
    "speech": "speech",
    "transcription": "transcription",
    "ocr": "ocr",
    "embeddings": "embeddings",
}
KEPT = (
    "type",
    "enum",
    "const",
    "format",
    "nullable",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "default",
    "deprecated",
    "required",
)
NESTED = ("anyOf", "oneOf")


def kept(schema: Any) -> Any:
    """Return a schema without what nothing is checked by."""
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {name: schema[name] for name in KEPT if name in schema}
    if "buffer" in schema.get("properties", {}):
        return {"format": "binary"}  # a file of a form, described by what the server makes of it
    if "items" in schema:
        found["items"] = kept(schema["items"])
    if "properties" in schema:
        found["properties"] = {name: kept(each) for name, each in schema["properties"].items()}
    for word in NESTED:
        if word in schema:
            found[word] = [kept(each) for each in schema[word]]
    return found


def catalogue(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the catalogue: a line per model and kind, and a table of the schemas they share."""
    schemas: dict[str, Any] = {}
    names: dict[str, str] = {}
    models: dict[str, Any] = {}
    for row in sorted(rows, key=lambda row: (KINDS[row["route"]], row["model"], row["path"])):
        request = row["request"]
        parameters = {}
        for name, schema in request["properties"].items():
            if name == "model":
                continue
            text = json.dumps(kept(schema), sort_keys=True)
            if text not in names:
                names[text] = f"s{len(names)}"
                schemas[names[text]] = json.loads(text)
            parameters[name] = names[text]
        line = {
            "path": row["path"],
            "required": " ".join(n for n in request.get("required", ()) if n != "model"),
            "parameters": " ".join(f"{name}={schema}" for name, schema in parameters.items()),
        }
        if row["content_type"] != "application/json" or row["route"] == "image_edits":
            line["form"] = True
        models.setdefault(row["model"], {})[KINDS[row["route"]]] = line
    return {"schemas": schemas, "models": dict(sorted(models.items()))}


def written(data: dict[str, Any]) -> str:
    """Return the catalogue as text: a line per schema and per model, for readable diffs."""
    parts = []
    for table, rows in data.items():
        lines = ",\n".join(
            f"  {json.dumps(name)}: {json.dumps(row, ensure_ascii=False)}"
            for name, row in rows.items()
        )
        parts.append(f'"{table}": {{\n{lines}\n}}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main(arguments: list[str]) -> int:
    """Write the catalogue; return the exit status."""
    (path,) = arguments
    rows = [json.loads(line) for line in Path(path).read_text("utf-8").splitlines() if line]
    CATALOGUE.write_text(written(catalogue(rows)), "utf-8")
    print(f"{len(rows)} schemas -> {CATALOGUE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
