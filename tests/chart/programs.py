"""The real programs: helm and kubectl of one Kubernetes version, and the Dockerfile checker."""

import json
import pathlib
import subprocess

import yaml

from manifests import Rendered, load_all

CHART = pathlib.Path("helm/quartet")
RELEASE = "suite"


def run(*command, stdin=None):
    """Exit code, standard output, standard error."""
    done = subprocess.run([str(word) for word in command], input=stdin, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


class Toolset:
    def __init__(self, folder):
        self.version = folder.name.removeprefix("kubernetes-")
        self._helm = folder / "helm"
        self._kubectl = folder / "kubectl"

    def lint(self, values_file):
        code, out, err = run(self._helm, "lint", "--strict", CHART, "--values", values_file)
        return [] if code == 0 else [out + err]

    def template(self, values_file):
        """What helm makes of the chart; an error of helm's is a RuntimeError."""
        code, out, err = run(self._helm, "template", RELEASE, CHART, "--namespace", "crm", "--values", values_file)
        if code != 0:
            raise RuntimeError(err.strip())
        values = load_all(values_file.read_text())
        return Rendered(load_all(out), values[0] if values else {})

    def notes(self, values_file):
        """What helm tells the person who installs the chart; Helm 4 or later."""
        _, out, _ = run(self._helm, "install", RELEASE, CHART, "--dry-run=client", "--values", values_file)
        return out.partition("\nNOTES:\n")[2]

    def kubectl_complaints(self, objects):
        """kubectl reads every object, and decodes each workload into the API's own types without losing a field."""
        code, out, err = self._pipe(objects, "label", "checked=yes")
        if code != 0 or out.count('"checked": "yes"') < len(objects):
            yield f"kubectl does not read all objects: {err.strip()}"
        for item in objects:
            if item["kind"] not in ("Deployment", "StatefulSet"):
                continue
            code, out, err = self._pipe([item], "set", "env", "CHECKED=yes")
            if code != 0:
                yield f"kubectl does not decode {item['metadata']['name']}: {err.strip()}"
                continue
            for lost in _lost(item, json.loads(out), item["metadata"]["name"]):
                yield f"kubectl drops {lost}"

    def _pipe(self, objects, *command):
        verb = [word for word in command if "=" not in word]
        change = [word for word in command if "=" in word]
        return run(self._kubectl, *verb, "--local", "-f", "-", *change, "--dry-run=client", "-o", "json",
                   stdin=yaml.safe_dump_all(objects))


def _lost(before, after, path):
    """Paths of `before` that are not in `after`. Empty values may go: the API's types leave them out."""
    if isinstance(before, dict):
        for key, value in before.items():
            if value in (None, {}, [], "", False) or (isinstance(after, dict) and key in after):
                if isinstance(after, dict) and key in after:
                    yield from _lost(value, after[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}"
    elif isinstance(before, list):
        for place, value in enumerate(before):
            yield from _lost(value, after[place] if place < len(after) else None, f"{path}[{place}]")


def dockerfile_complaints(tools, path):
    code, out, err = run(tools / "node/node_modules/.bin/dockerfile-utils", "lint", path)
    if code != 0 or out.strip():
        yield (out + err).strip()
