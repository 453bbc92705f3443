"""The unit and the manifests that the pages show do what the pages say."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.documents import ROOT, blocks
from tests.programs import require_program

_HOW_TO = ROOT / "docs" / "how-to"


def shown(page: str, marker: str) -> list[str]:
    return [block.text for block in blocks(_HOW_TO / page) if block.marker == marker]


def manifests() -> dict[str, dict[str, Any]]:
    """The manifests by their kind."""
    documents = [each for text in shown("run-on-kubernetes.md", "yaml") for each in yaml.safe_load_all(text)]
    return {each["kind"]: each for each in documents}


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    program = require_program("systemd-analyze")
    (text,) = shown("run-under-systemd.md", "ini")
    # On the machine of the tests there is no such user, folder or program.
    text = re.sub(r"^(User|EnvironmentFile|WorkingDirectory)=.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"/srv/\S+/ticket-export", "/bin/echo", text)
    unit = tmp_path / "ticket-export@1.service"
    unit.write_text(text)
    done = subprocess.run(
        [program, "verify", "--man=no", unit], capture_output=True, text=True, check=False, timeout=120
    )
    complaints = [line for line in (done.stdout + done.stderr).splitlines() if unit.name in line]
    assert (done.returncode, complaints) == (0, []), done.stderr


def test_deployment_selects_its_own_pods() -> None:
    deployment, budget = manifests()["Deployment"], manifests()["PodDisruptionBudget"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert budget["spec"]["selector"]["matchLabels"] == labels


def test_probes_ask_the_port_that_the_worker_serves() -> None:
    (container,) = manifests()["Deployment"]["spec"]["template"]["spec"]["containers"]
    arguments, (port,) = container["args"], container["ports"]
    assert arguments[arguments.index("--health-port") + 1] == str(port["containerPort"])
    assert arguments[arguments.index("--health-host") + 1] == "0.0.0.0"
    probes = {name: container[name] for name in ("livenessProbe", "readinessProbe")}
    assert {name: probe["httpGet"]["path"] for name, probe in probes.items()} == {
        "livenessProbe": "/live",
        "readinessProbe": "/ready",
    }
    assert all(probe["httpGet"]["port"] == port["name"] for probe in probes.values())
    # A response waits 2 s for the database and 2 s for the storage.
    assert all(probe["timeoutSeconds"] > 4 for probe in probes.values())


def test_pod_has_time_to_finish_and_mounts_what_it_names() -> None:
    pod = manifests()["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    arguments = container["args"]
    assert arguments[arguments.index("--on-stop") + 1] == "finish"
    assert pod["terminationGracePeriodSeconds"] > 60
    assert [each["name"] for each in container["volumeMounts"]] == [each["name"] for each in pod["volumes"]]


def test_pods_have_no_variable_of_a_service_that_is_named_like_a_setting() -> None:
    for kind in ("Deployment", "Job"):
        assert manifests()[kind]["spec"]["template"]["spec"]["enableServiceLinks"] is False


def test_worker_is_not_the_first_process_which_a_default_signal_cannot_end() -> None:
    assert manifests()["Deployment"]["spec"]["template"]["spec"]["shareProcessNamespace"] is True
    (compose,) = (yaml.safe_load(text) for text in shown("run-in-containers.md", "yaml"))
    assert compose["services"]["export-worker"]["init"] is True


def test_workers_start_again_with_the_machine() -> None:
    # `on-failure` does not start a container that the daemon has stopped.
    (compose,) = (yaml.safe_load(text) for text in shown("run-in-containers.md", "yaml"))
    assert compose["services"]["export-worker"]["restart"] == "unless-stopped"


def test_migration_runs_the_image_of_the_workers() -> None:
    images = {
        container["image"]
        for kind in ("Deployment", "Job")
        for container in manifests()[kind]["spec"]["template"]["spec"]["containers"]
    }
    assert len(images) == 1
