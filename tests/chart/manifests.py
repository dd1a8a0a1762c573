"""What a rendered chart consists of, and ways through it."""

import copy
import dataclasses

import yaml

SERVICES = ("lead", "contact", "account", "opportunity", "qualification")
WORKLOADS = ("Deployment", "StatefulSet")


class UniqueKeys(yaml.SafeLoader):
    """Refuses a mapping that says a key twice; YAML forbids it and the parser would keep the last one silently."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def load_all(text):
    return [document for document in yaml.load_all(text, Loader=UniqueKeys) if document is not None]


@dataclasses.dataclass
class Rendered:
    """The objects of one rendering and the values it was made with."""

    objects: list
    values: dict

    def copy(self):
        return Rendered(copy.deepcopy(self.objects), copy.deepcopy(self.values))

    def kind(self, *kinds):
        return [item for item in self.objects if item["kind"] in kinds]

    def workloads(self):
        return self.kind(*WORKLOADS)

    def containers(self):
        """Every container with the workload it belongs to."""
        for workload in self.workloads():
            for container in pod_spec(workload).get("initContainers", []) + pod_spec(workload)["containers"]:
                yield workload, container

    def selected_by(self, labels):
        """The workloads whose pods carry all of the labels."""
        return [item for item in self.workloads() if labels.items() <= pod_labels(item).items()]


def name(item):
    return f'{item["kind"]}/{item["metadata"]["name"]}'


def pod_spec(workload):
    return workload["spec"]["template"]["spec"]


def pod_labels(workload):
    return workload["spec"]["template"]["metadata"]["labels"]


def component(item):
    return item["metadata"]["labels"].get("app.kubernetes.io/component")


def flags(container):
    """--name=value and bare --name among a container's arguments."""
    result = {}
    for argument in container.get("args", []):
        if argument.startswith("--"):
            flag, _, value = argument.partition("=")
            result[flag[2:]] = value
    return result
