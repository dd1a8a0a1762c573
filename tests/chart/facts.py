"""What must hold for whatever the chart renders. Each fact gives its complaints; none means that it holds."""

import pathlib

from manifests import SERVICES, component, flags, load_all, name, pod_labels, pod_spec

IDENTITY_LABELS = ("app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component")
SUITE_LABELS = ("app.kubernetes.io/instance", "app.kubernetes.io/part-of", "app.kubernetes.io/version", "helm.sh/chart")


def names_are_unique(rendered):
    seen = set()
    for item in rendered.objects:
        if name(item) in seen:
            yield f"{name(item)} is there twice"
        seen.add(name(item))


def names_are_labels_of_dns(rendered):
    for item in rendered.objects:
        text = item["metadata"]["name"]
        if len(text) > 63 or not text.replace("-", "a").isalnum() or text != text.lower() or text[-1] == "-":
            yield f"{name(item)} is not a DNS label"


def the_five_are_there(rendered):
    for kind in ("Deployment", "Service"):
        there = {component(item) for item in rendered.kind(kind)}
        for service in SERVICES:
            if service not in there:
                yield f"no {kind} for {service}"


def labels_agree(rendered):
    for item in rendered.objects:
        labels = item["metadata"].get("labels", {})
        for label in IDENTITY_LABELS + SUITE_LABELS:
            if not labels.get(label):
                yield f"{name(item)} has no label {label}"
    for label in SUITE_LABELS:
        values = {item["metadata"].get("labels", {}).get(label) for item in rendered.objects}
        if len(values) > 1:
            yield f"{label} differs: {sorted(map(str, values))}"


def workloads_select_their_own_pods(rendered):
    for item in rendered.workloads():
        wanted = item["spec"]["selector"]["matchLabels"]
        if rendered.selected_by(wanted) != [item]:
            yield f"{name(item)} selects {[name(x) for x in rendered.selected_by(wanted)]}"
        if set(wanted) != set(IDENTITY_LABELS):
            yield f"{name(item)} selects by labels that may change: {sorted(wanted)}"
        if pod_labels(item).get("app.kubernetes.io/component") != component(item):
            yield f"{name(item)} makes pods of another component"


def services_are_headless(rendered):
    for item in rendered.kind("Service"):
        if item["spec"].get("clusterIP") != "None":
            yield f"{name(item)} has a cluster address"


def services_reach_one_workload(rendered):
    for item in rendered.kind("Service"):
        targets = rendered.selected_by(item["spec"]["selector"])
        if [component(target) for target in targets] != [component(item)]:
            yield f"{name(item)} selects {[name(target) for target in targets]}"
            continue
        ports = {p["name"]: p["containerPort"] for c in pod_spec(targets[0])["containers"] for p in c.get("ports", [])}
        for port in item["spec"]["ports"]:
            # A headless Service translates no ports: clients connect to the pod's own.
            if ports.get(port["targetPort"]) != port["port"]:
                yield f"{name(item)} offers port {port['port']}, its pods listen on {ports}"


def _service_addresses(rendered):
    return {f'{item["metadata"]["name"]}:{port["port"]}': component(item)
            for item in rendered.kind("Service") for port in item["spec"]["ports"]}


def addresses_lead_to_services(rendered):
    addresses = _service_addresses(rendered)
    external = rendered.values.get("redis", {}).get("address")
    for item in rendered.kind("Deployment"):
        for container in pod_spec(item)["containers"]:
            given = flags(container)
            for service in SERVICES:
                if addresses.get(given.get(service)) != service:
                    yield f"{name(item)}: --{service}={given.get(service)} is not the Service of {service}"
            redis = given.get("redis")
            if redis != external if external else addresses.get(redis) != "redis":
                yield f"{name(item)}: --redis={redis} leads nowhere"


def containers_run_their_service(rendered):
    for item in rendered.kind("Deployment"):
        for container in pod_spec(item)["containers"]:
            given = flags(container)
            if container.get("command") != [f"quartet-{component(item)}"]:
                yield f"{name(item)} runs {container.get('command')}"
            ports = [port["containerPort"] for port in container.get("ports", [])]
            if [given.get("listen")] != [f"0.0.0.0:{port}" for port in ports]:
                yield f"{name(item)} listens on {given.get('listen')}, its ports are {ports}"
            if "allow-insecure-listen" not in given:
                yield f"{name(item)} would refuse to listen on {given.get('listen')}"


DEFAULTS = load_all(pathlib.Path("helm/quartet/values.yaml").read_text())[0]
# Values that all services are told, and by which flag.
SETTINGS = {"logLevel": "log-level", "partitions": "partitions", "connectionAge": "connection-age",
            "pendingMax": "pending-max", "pendingPerCallerMax": "pending-per-caller-max",
            "qualificationRetention": "qualification-retention"}


def settings_reach_the_services(rendered):
    for item in rendered.kind("Deployment"):
        for container in pod_spec(item)["containers"]:
            told = flags(container)
            for value, flag in SETTINGS.items():
                wanted = rendered.values.get(value, DEFAULTS[value])
                if told.get(flag) != str(wanted):
                    yield f"{name(item)} has --{flag}={told.get(flag)}, the values say {wanted}"


def partitions_agree(rendered):
    counts = {flags(container).get("partitions") for item in rendered.kind("Deployment")
              for container in pod_spec(item)["containers"]}
    if len(counts) > 1 or None in counts:
        yield f"partitions differ: {counts}"


def disruption_budgets_let_nodes_drain(rendered):
    for item in rendered.kind("PodDisruptionBudget"):
        targets = rendered.selected_by(item["spec"]["selector"]["matchLabels"])
        if [component(target) for target in targets] != [component(item)]:
            yield f"{name(item)} selects {[name(target) for target in targets]}"
        if item["spec"].get("maxUnavailable") != 1:
            yield f"{name(item)} keeps the only pod from ever being moved"


def network_policies_close_one_workload(rendered):
    policies = rendered.kind("NetworkPolicy")
    for item in policies:
        targets = rendered.selected_by(item["spec"]["podSelector"].get("matchLabels", {}))
        if [component(target) for target in targets] != [component(item)]:
            yield f"{name(item)} selects {[name(target) for target in targets]}"
        for rule in item["spec"]["ingress"]:
            if not rule.get("from"):
                yield f"{name(item)} lets everybody in"
            suite = [peer["podSelector"]["matchLabels"] for peer in rule.get("from", []) if set(peer) == {"podSelector"}]
            if not any(len(rendered.selected_by(labels)) == len(rendered.workloads()) for labels in suite):
                yield f"{name(item)} shuts the suite itself out"
    if policies and {component(p) for p in policies} != {component(w) for w in rendered.workloads()}:
        yield "a workload has no NetworkPolicy while others have one"


FACTS = (names_are_unique, names_are_labels_of_dns, the_five_are_there, labels_agree, workloads_select_their_own_pods,
         services_are_headless, services_reach_one_workload, addresses_lead_to_services, containers_run_their_service,
         settings_reach_the_services, partitions_agree, disruption_budgets_let_nodes_drain, network_policies_close_one_workload)
