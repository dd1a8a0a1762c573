"""What must hold for every pod that the chart renders: security, probes, resources, storage."""

from manifests import component, name, pod_spec


def pods_are_confined(rendered):
    for item in rendered.workloads():
        context = pod_spec(item).get("securityContext", {})
        if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
            yield f"{name(item)} may run as root"
        if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{name(item)} has no seccomp profile"
        for shared in ("hostNetwork", "hostPID", "hostIPC"):
            if pod_spec(item).get(shared):
                yield f"{name(item)} has {shared}"


def containers_are_confined(rendered):
    for item, container in rendered.containers():
        context = container.get("securityContext", {})
        if context.get("allowPrivilegeEscalation") is not False or context.get("privileged") is not False:
            yield f"{name(item)} may gain privileges"
        if context.get("readOnlyRootFilesystem") is not True:
            yield f"{name(item)} may write to its image"
        if context.get("capabilities") != {"drop": ["ALL"]}:
            yield f"{name(item)} keeps capabilities"


def pods_have_no_token(rendered):
    accounts = {item["metadata"]["name"]: item for item in rendered.kind("ServiceAccount")}
    given = rendered.values.get("serviceAccount", {})
    for item in rendered.workloads():
        spec = pod_spec(item)
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{name(item)} gets a token"
        if spec.get("enableServiceLinks") is not False:
            yield f"{name(item)} gets variables that look like settings"
        known = spec.get("serviceAccountName") in accounts
        if not known and (given.get("create", True) or spec.get("serviceAccountName") != given.get("name")):
            yield f"{name(item)} runs as {spec.get('serviceAccountName')}, which is not there"
    for account in accounts.values():
        if account.get("automountServiceAccountToken") is not False:
            yield f"{name(account)} hands out tokens"


def containers_are_probed(rendered):
    for item, container in rendered.containers():
        ports = {port["containerPort"] for port in container.get("ports", [])}
        for probe in ("livenessProbe", "readinessProbe"):
            if not container.get(probe):
                yield f"{name(item)} has no {probe}"
        if item["kind"] == "Deployment":
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                if container.get(probe, {}).get("grpc", {}).get("port") not in ports:
                    yield f"{name(item)}: the {probe} does not ask its gRPC port"


def containers_have_resources(rendered):
    for item, container in rendered.containers():
        resources = container.get("resources", {})
        for wanted in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
            if not resources.get(wanted[0], {}).get(wanted[1]):
                yield f"{name(item)} has no {'.'.join(wanted)}"


def images_are_pinned(rendered):
    for item, container in rendered.containers():
        image = container.get("image", "")
        tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
        if tag == "latest" or not (tag or "@sha256:" in image):
            yield f"{name(item)} runs {image!r}"


def volumes_are_there(rendered):
    for item, container in rendered.containers():
        volumes = {volume["name"] for volume in pod_spec(item).get("volumes", [])}
        volumes |= {claim["metadata"]["name"] for claim in item["spec"].get("volumeClaimTemplates", [])}
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                yield f"{name(item)} mounts {mount['name']}, which is no volume"
        written = {mount["mountPath"] for mount in container.get("volumeMounts", []) if not mount.get("readOnly")}
        for argument in container.get("args", []):
            if argument.startswith("--data-dir=") and argument.partition("=")[2] not in written:
                yield f"{name(item)} cannot write to {argument}"


def claims_have_one_owner(rendered):
    """A SQLite database belongs to one process: one pod, stopped before its successor starts, and a claim of its own."""
    made = {item["metadata"]["name"] for item in rendered.kind("PersistentVolumeClaim")}
    settings = [rendered.values.get("services", {}).get(component(item)) or {} for item in rendered.kind("Deployment")]
    foreign = {value.get("persistence", {}).get("existingClaim") for value in settings}
    owners = {}
    for item in rendered.kind("Deployment"):
        environment = {entry["name"] for entry in pod_spec(item)["containers"][0].get("env", [])}
        is_alone = item["spec"].get("replicas") == 1 and item["spec"].get("strategy") == {"type": "Recreate"}
        if not is_alone and "QUARTET_DATABASE" not in environment:
            yield f"{name(item)} may have two pods at one database"
        for volume in pod_spec(item).get("volumes", []):
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            if claim and claim not in made | foreign:
                yield f"{name(item)} waits for {claim}, which nobody makes"
            if claim and owners.setdefault(claim, name(item)) != name(item):
                yield f"{name(item)} shares {claim} with {owners[claim]}"
    for unused in made - set(owners):
        yield f"PersistentVolumeClaim/{unused} is used by nobody"


def pods_are_spread(rendered):
    """Each constraint counts the service's own pods, and no service is without one."""
    for item in rendered.kind("Deployment"):
        constraints = pod_spec(item).get("topologySpreadConstraints", [])
        if not constraints:
            yield f"{name(item)} may have all its pods on one node"
        for constraint in constraints:
            if constraint.get("labelSelector") != item["spec"]["selector"]:
                yield f"{name(item)} is spread by other pods than its own"


def redis_never_evicts(rendered):
    for item in rendered.kind("StatefulSet"):
        for container in pod_spec(item)["containers"]:
            arguments = container.get("args", [])
            settings = dict(zip(arguments[::2], arguments[1::2]))
            if settings.get("--maxmemory-policy") != "noeviction" or settings.get("--appendonly") != "yes":
                yield f"{name(item)} may drop messages"


FACTS = (pods_are_confined, containers_are_confined, pods_have_no_token, containers_are_probed,
         containers_have_resources, images_are_pinned, volumes_are_there, claims_have_one_owner, pods_are_spread,
         redis_never_evicts)
