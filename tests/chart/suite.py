"""The suite `chart`: renders the chart with every set of values and every helm, and checks what comes out."""

import copy
import pathlib
import re
import sys

import breakages
import deploy_files
import facts
import pod_facts
import programs
import schemas
from manifests import load_all

HERE = pathlib.Path(__file__).parent
FACTS = facts.FACTS + pod_facts.FACTS


class Report:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def case(self, title, complaints):
        complaints = list(complaints)
        if not complaints:
            self.passed += 1
            return
        self.failed += 1
        print(f"FAILED  {title}")
        for complaint in complaints[:10]:
            print(f"        {complaint}")


def expectation(path, word):
    """What the first line of a values file says after `# <word>:`."""
    match = re.match(rf"# {word}: (.+)\n", path.read_text())
    if not match:
        raise ValueError(f"{path} must begin with '# {word}: …'")
    return match[1]


def kinds_differ(rendered, wanted):
    for entry in wanted.split():
        kind, _, number = entry.partition("=")
        if len(rendered.kind(kind)) != int(number):
            yield f"{len(rendered.kind(kind))} of {kind}, not {number}"


def notes_mislead(rendered, notes):
    for item in rendered.kind("Deployment"):
        if item["metadata"]["name"] not in notes:
            yield f"{item['metadata']['name']} is not named"
    lost = any(volume.get("emptyDir") == {} for item in rendered.kind("Deployment")
               for volume in item["spec"]["template"]["spec"]["volumes"])
    if lost != ("WARNING" in notes):
        yield "the warning about data that do not last is missing or wrong"


def check_values(report, toolset, path):
    title = f"helm of {toolset.version}, {path.stem}"
    report.case(f"{title}: lint", toolset.lint(path))
    rendered = toolset.template(path)
    report.case(f"{title}: kinds", kinds_differ(rendered, expectation(path, "kinds")))
    report.case(f"{title}: schemas", schemas.Kubernetes(toolset.version).complaints(rendered.objects))
    report.case(f"{title}: kubectl", toolset.kubectl_complaints(rendered.objects))
    for fact in FACTS:
        report.case(f"{title}: {fact.__name__}", fact(rendered))


def not_refused(toolset, path):
    wanted = expectation(path, "expect")
    try:
        toolset.template(path)
    except RuntimeError as error:
        if "schema" not in str(error) or wanted not in str(error):
            yield f"refused, but without a word about {wanted}: {error}"
        return
    yield "was accepted"


def check_checkers(report, toolset):
    """Breaks good renderings on purpose; every check must notice."""
    good = toolset.template(HERE / "values/closed.yaml")
    for fact, what, how in breakages.BREAKAGES:
        broken = good.copy()
        how(broken)
        report.case(f"self-test: {fact.__name__} notices {what}", [] if list(fact(broken)) else ["it does not"])
    untested = set(FACTS) - {fact for fact, _, _ in breakages.BREAKAGES}
    report.case("self-test: every fact can fail", (f"{fact.__name__} is never broken" for fact in untested))

    for what, change in (("an unknown field", {"replica": 1}), ("a text for a number", {"replicas": "one"})):
        broken = copy.deepcopy(good.kind("Deployment")[0])
        broken["spec"].update(change)
        for name, complaints in (("the schemas", schemas.Kubernetes(toolset.version).complaints([broken])),
                                 ("kubectl", toolset.kubectl_complaints([broken]))):
            report.case(f"self-test: {name} of {toolset.version} notice {what}", [] if list(complaints) else ["not noticed"])


def check_deploy_files(report, folder):
    path = pathlib.Path("deploy/Dockerfile")
    dockerfile = path.read_text()
    ignored = pathlib.Path(".dockerignore").read_text().split()
    report.case("Dockerfile: syntax", programs.dockerfile_complaints(folder, path))
    report.case("Dockerfile: facts", deploy_files.dockerfile_complaints(dockerfile, ignored))
    for what, old, new in (("root", "USER ", "LABEL user="), ("a lost binary", "bin/quartet-lead", "bin/quartet-"),
                           ("a stage that is not there", "--from=build", "--from=builder"),
                           ("another base", "debian:trixie-slim", "debian:latest"),
                           ("recommended packages", " --no-install-recommends", "")):
        found = list(deploy_files.dockerfile_complaints(dockerfile.replace(old, new), ignored))
        report.case(f"self-test: the Dockerfile's facts notice {what}", [] if found else ["not noticed"])

    text = pathlib.Path("deploy/compose.yaml").read_text()
    document = load_all(text)[0]
    report.case("compose.yaml: schema", schemas.compose_complaints(document))
    report.case("compose.yaml: facts", deploy_files.compose_complaints(document))
    for what, old, new, check in (
            ("an unknown key", "restart:", "restarts:", schemas.compose_complaints),
            ("a misspelt host", "lead:7400\n", "leads:7400\n", deploy_files.compose_complaints),
            ("an open Redis", "noeviction", "allkeys-lru", deploy_files.compose_complaints),
            ("a port for everybody", "127.0.0.1:7401", "0.0.0.0:7401", deploy_files.compose_complaints),
            ("a lost volume", '"lead:/var', '"leads:/var', deploy_files.compose_complaints)):
        found = list(check(load_all(text.replace(old, new))[0]))
        report.case(f"self-test: compose.yaml's checks notice {what}", [] if found else ["not noticed"])


def main(folder):
    report = Report()
    toolsets = [programs.Toolset(path) for path in sorted(folder.glob("kubernetes-*"))]
    for toolset in toolsets:
        for path in sorted((HERE / "values").glob("*.yaml")):
            check_values(report, toolset, path)
        for path in sorted((HERE / "refused").glob("*.yaml")):
            report.case(f"helm of {toolset.version} refuses {path.stem}", not_refused(toolset, path))
        check_checkers(report, toolset)
    for path in sorted((HERE / "values").glob("*.yaml")):
        # Helm 3 asks a cluster before it shows the notes, Helm 4 does not.
        newest = toolsets[-1]
        report.case(f"notes, {path.stem}", notes_mislead(newest.template(path), newest.notes(path)))
    check_deploy_files(report, folder)
    print(f"{report.passed} passed, {report.failed} failed")
    return 0 if report.failed == 0 and report.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
