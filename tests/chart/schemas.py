"""Validation against the published schemas of Kubernetes and of Compose, unknown fields refused."""

import json
import pathlib
import sys

import jsonschema

from manifests import name

PACKAGES = next(pathlib.Path(entry) for entry in sys.path if entry.endswith("site-packages"))




def _complaints(schema, instance, what, referred=None):
    # Whatever a schema refers to is in the store: nothing is ever fetched.
    resolver = jsonschema.RefResolver.from_schema(schema, store=referred or {}, handlers={"https": _refuse})
    validator = jsonschema.validators.validator_for(schema)(schema, resolver=resolver)
    for error in validator.iter_errors(instance):
        yield f"{what}: {'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"


def _refuse(uri):
    raise LookupError(f"{uri} is not among the schemas here")


class Kubernetes:
    """The strict schemas of one minor version, for instance "1.31"."""

    def __init__(self, version):
        self._folder = PACKAGES / f"kubernetes_validate/kubernetes-json-schema/v{version}.0-local-strict"
        definitions = json.loads((self._folder / "_definitions.json").read_text())
        self._referred = {definitions["$id"]: definitions}

    def complaints(self, objects):
        for item in objects:
            group, _, version = item["apiVersion"].rpartition("/")
            parts = [item["kind"].lower(), *([group.split(".")[0]] if group else []), version]
            path = self._folder / ("-".join(parts) + ".json")
            if path.exists():
                yield from _complaints(json.loads(path.read_text()), item, name(item), self._referred)
            else:
                yield f"{name(item)}: {item['apiVersion']} is not known"


def compose_complaints(document):
    schema = json.loads((PACKAGES / "compose/config/compose_spec.json").read_text())
    # The specification has had this key since 2022; the schema is older.
    schema["properties"]["name"] = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"}
    yield from _complaints(schema, document, "compose.yaml")
