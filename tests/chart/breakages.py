"""Ways to break a rendering, each with the fact that must notice: a check that cannot fail checks nothing."""

import facts
import pod_facts
from manifests import component, pod_spec


def _first(rendered, kind, of=None):
    return next(item for item in rendered.kind(kind) if of in (None, component(item)))


def _container(rendered, kind="Deployment", of=None):
    return pod_spec(_first(rendered, kind, of))["containers"][0]


def _set_flag(container, flag, value):
    container["args"] = [f"--{flag}={value}" if a.startswith(f"--{flag}=") else a for a in container["args"]]


def _relabel(item, key, value):
    item["metadata"]["labels"][key] = value


COMPONENT = "app.kubernetes.io/component"

# (fact, what is broken, how); each works on a rendering with every optional object.
BREAKAGES = (
    (facts.names_are_unique, "an object twice", lambda r: r.objects.append(r.objects[0])),
    (facts.names_are_labels_of_dns, "a long name",
     lambda r: r.objects[0]["metadata"].update(name="x" * 64)),
    (facts.names_are_labels_of_dns, "a name with a capital",
     lambda r: r.objects[0]["metadata"].update(name="Quartet")),
    (facts.the_five_are_there, "no lead", lambda r: r.objects.remove(_first(r, "Deployment", "lead"))),
    (facts.labels_agree, "an object without labels", lambda r: r.objects[0]["metadata"].pop("labels")),
    (facts.labels_agree, "another version",
     lambda r: _relabel(r.objects[0], "app.kubernetes.io/version", "0.0.1")),
    (facts.workloads_select_their_own_pods, "one pod label off",
     lambda r: _first(r, "Deployment")["spec"]["template"]["metadata"]["labels"].update({COMPONENT: "other"})),
    (facts.workloads_select_their_own_pods, "a selector with the version",
     lambda r: _first(r, "Deployment")["spec"]["selector"]["matchLabels"].update({"app.kubernetes.io/part-of": "quartet"})),
    (facts.services_are_headless, "a cluster address", lambda r: _first(r, "Service")["spec"].pop("clusterIP")),
    (facts.services_reach_one_workload, "a selector for all",
     lambda r: _first(r, "Service")["spec"]["selector"].pop(COMPONENT)),
    (facts.services_reach_one_workload, "another port",
     lambda r: _first(r, "Service")["spec"]["ports"][0].update(port=1)),
    (facts.services_reach_one_workload, "a port that is not named",
     lambda r: _first(r, "Service")["spec"]["ports"][0].update(targetPort="http")),
    (facts.addresses_lead_to_services, "a misspelt host",
     lambda r: _set_flag(_container(r), "lead", "leads:9000")),
    (facts.addresses_lead_to_services, "two services mixed up",
     lambda r: _set_flag(_container(r), "lead", "crm-contact:9000")),
    (facts.addresses_lead_to_services, "no Redis there",
     lambda r: _set_flag(_container(r), "redis", "localhost:6379")),
    (facts.containers_run_their_service, "another binary",
     lambda r: _container(r, of="lead").update(command=["quartet-contact"])),
    (facts.containers_run_their_service, "the loopback alone",
     lambda r: _set_flag(_container(r), "listen", "127.0.0.1:9000")),
    (facts.containers_run_their_service, "not told that it may listen",
     lambda r: _container(r)["args"].remove("--allow-insecure-listen")),
    (facts.settings_reach_the_services, "another limit than was asked for",
     lambda r: _set_flag(_container(r), "pending-max", "1e+06")),
    (facts.partitions_agree, "a service with its own idea",
     lambda r: _set_flag(_container(r), "partitions", "3")),
    (facts.disruption_budgets_let_nodes_drain, "a minimum of one",
     lambda r: _first(r, "PodDisruptionBudget")["spec"].update(maxUnavailable=0)),
    (facts.network_policies_close_one_workload, "everybody let in",
     lambda r: _first(r, "NetworkPolicy")["spec"]["ingress"][0].pop("from")),
    (facts.network_policies_close_one_workload, "the suite shut out",
     lambda r: _first(r, "NetworkPolicy")["spec"]["ingress"][0]["from"].pop(0)),
    (facts.network_policies_close_one_workload, "one policy missing",
     lambda r: r.objects.remove(_first(r, "NetworkPolicy", "redis"))),
    (pod_facts.pods_are_confined, "root", lambda r: pod_spec(_first(r, "Deployment"))["securityContext"].update(runAsUser=0)),
    (pod_facts.pods_are_confined, "no seccomp profile",
     lambda r: pod_spec(_first(r, "StatefulSet"))["securityContext"].pop("seccompProfile")),
    (pod_facts.pods_are_confined, "the node's network",
     lambda r: pod_spec(_first(r, "Deployment")).update(hostNetwork=True)),
    (pod_facts.containers_are_confined, "no context", lambda r: _container(r).pop("securityContext")),
    (pod_facts.containers_are_confined, "a capability kept",
     lambda r: _container(r, "StatefulSet")["securityContext"]["capabilities"].update(add=["NET_RAW"])),
    (pod_facts.containers_are_confined, "a writable image",
     lambda r: _container(r)["securityContext"].update(readOnlyRootFilesystem=False)),
    (pod_facts.pods_have_no_token, "a token",
     lambda r: pod_spec(_first(r, "Deployment")).pop("automountServiceAccountToken")),
    (pod_facts.pods_have_no_token, "an account that nobody makes",
     lambda r: pod_spec(_first(r, "Deployment")).update(serviceAccountName="somebody")),
    (pod_facts.pods_have_no_token, "service links",
     lambda r: pod_spec(_first(r, "Deployment")).pop("enableServiceLinks")),
    (pod_facts.containers_are_probed, "no liveness probe", lambda r: _container(r, "StatefulSet").pop("livenessProbe")),
    (pod_facts.containers_are_probed, "a probe of another port",
     lambda r: _container(r)["readinessProbe"]["grpc"].update(port=1)),
    (pod_facts.containers_are_probed, "a probe that is not gRPC",
     lambda r: _container(r).update(livenessProbe={"tcpSocket": {"port": "grpc"}})),
    (pod_facts.containers_have_resources, "no limit", lambda r: _container(r)["resources"].pop("limits")),
    (pod_facts.containers_have_resources, "no request", lambda r: _container(r)["resources"]["requests"].pop("cpu")),
    (pod_facts.images_are_pinned, "no tag", lambda r: _container(r).update(image="registry.example:5000/quartet")),
    (pod_facts.images_are_pinned, "the latest", lambda r: _container(r).update(image="quartet:latest")),
    (pod_facts.volumes_are_there, "a mount without a volume",
     lambda r: pod_spec(_first(r, "Deployment"))["volumes"].pop()),
    (pod_facts.volumes_are_there, "data where nothing can be written",
     lambda r: _container(r)["volumeMounts"].pop(0)),
    (pod_facts.claims_have_one_owner, "two replicas", lambda r: _first(r, "Deployment")["spec"].update(replicas=2)),
    (pod_facts.claims_have_one_owner, "a rolling update", lambda r: _first(r, "Deployment")["spec"].pop("strategy")),
    (pod_facts.claims_have_one_owner, "a claim that nobody makes",
     lambda r: r.objects.remove(_first(r, "PersistentVolumeClaim"))),
    (pod_facts.claims_have_one_owner, "one claim for two",
     lambda r: pod_spec(_first(r, "Deployment", "lead")).update(
         volumes=pod_spec(_first(r, "Deployment", "contact"))["volumes"])),
    (pod_facts.pods_are_spread, "no constraint",
     lambda r: pod_spec(_first(r, "Deployment")).pop("topologySpreadConstraints")),
    (pod_facts.pods_are_spread, "the pods of another service",
     lambda r: pod_spec(_first(r, "Deployment"))["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"].update(
         {COMPONENT: "other"})),
    (pod_facts.redis_never_evicts, "another policy",
     lambda r: _container(r, "StatefulSet")["args"].remove("noeviction")),
)
