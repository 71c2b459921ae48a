"""Under NetworkPolicies every pod reaches what its values name, and nothing else."""

from __future__ import annotations

import pytest
from conftest import ROOT

from chartgen.programs.helm import Document
from chartgen.proofs import reach
from chartgen.proofs.manifests import Render, at, maps, render_of, selects

pytestmark = pytest.mark.slow

CASES = ROOT / "chartgen/fragments/secure/network-policy/cases"
COMPONENT = "app.kubernetes.io/component"


@pytest.fixture
def objects(manifests):
    def render(case: str) -> Render:
        found = [record.manifest.to_dict() for record in manifests(CASES / f"{case}.yaml")._records]
        return render_of([Document("source.yaml", n, data, "") for n, data in enumerate(found)], frozenset())

    return render


def policies(render: Render) -> dict[str, dict]:
    """Component -> the spec of its policy; the policy of all pods is under the empty name."""
    found = [each.data["spec"] for each in render.objects if each.kind == "NetworkPolicy"]
    return {spec["podSelector"]["matchLabels"].get(COMPONENT, ""): spec for spec in found}


def components(spec: dict, way: str, peer: str) -> set[str]:
    """The components of the release that a policy lets in or out."""
    peers = [each for _, rule in maps(spec, f"{way}[]") for _, each in maps(rule, f"{peer}[]")]
    return {found["podSelector"]["matchLabels"].get(COMPONENT) for found in peers if "podSelector" in found} - {None}


@pytest.mark.parametrize("case", ["defaults", "everything", "group"])
def test_every_pod_has_its_policy_and_is_denied_the_rest(objects, case):
    render = objects(case)
    found = policies(render)
    assert [list(rule) for rule in found[""]["egress"]] == [["ports"]]
    # The ports of the Service for DNS, and those of its pods on OpenShift and on Gardener's clusters.
    assert {port["port"] for port in found[""]["egress"][0]["ports"]} == {53, 5353, 8053}
    assert "ingress" not in found[""]
    for pod in render.pods:
        assert pod.labels[COMPONENT] in found, pod.owner.title
        assert selects(found[""]["podSelector"], pod.labels)


@pytest.mark.parametrize("case", ["defaults", "everything", "group", "services-by-their-domains"])
def test_what_a_policy_lets_out_is_what_its_pods_are_given(objects, case):
    render = objects(case)
    found = policies(render)
    for component, spec in found.items():
        pods = [pod for pod in render.pods if pod.labels[COMPONENT] == component]
        services = {service.name for pod in pods for _, service, _ in reach.urls(render, pod)}
        given = {
            pod.labels[COMPONENT]
            for service in services
            for pod in render.pods
            if selects({"matchLabels": render.find("Service", service).data["spec"]["selector"]}, pod.labels)
        }
        group = {f"{component}", f"{component}-worker"} if f"{component}-worker" in found else set()
        group |= {component, component.removesuffix("-worker")} if component.endswith("-worker") else set()
        own = {"postgres"} if component == "open-webui" else set()
        assert components(spec, "egress", "to") - own == given | group, component


def test_url_that_a_policy_blocks_is_found(objects):
    render = objects("defaults")
    assert list(reach.check(render)) == []
    rule = policies(render)["open-webui"]["egress"][0]
    rule["ports"][0]["port"] = 1
    (first, *_) = reach.check(render)
    assert "blocks the egress from Deployment/llm-open-webui to Service/llm-server" in first.message
    rule["ports"][0]["port"] = 11434
    policies(render)["server"]["ingress"][0]["from"].clear()
    del policies(render)["server"]["ingress"][0]
    assert any("blocks the ingress" in fault.message for fault in reach.check(render))


def test_only_what_downloads_models_reaches_their_source(objects):
    found = policies(objects("everything"))
    assert [spec for name, spec in found.items() if name.endswith("-loader")]
    blocks = {name: {cidr for _, cidr in at(spec, "egress[].to[].ipBlock.cidr")} for name, spec in found.items()}
    assert blocks["server-loader"] == {"203.0.113.0/24"}
    assert blocks["kit-loader"] == {"10.0.0.5/32"}
    assert blocks["server"] == set()


def test_host_with_a_namespace_is_reached_there_and_a_public_one_is_not(objects):
    found = policies(objects("service-with-its-namespace"))
    place = "egress[].to[].namespaceSelector.matchLabels"
    loaders = ("server-loader", "hub-loader", "huggingface-loader")
    spaces = {name: {str(each) for _, each in at(found[name], place)} for name in loaders}
    storage = {"{'kubernetes.io/metadata.name': 'storage'}"}
    assert spaces == {"server-loader": storage, "hub-loader": set(), "huggingface-loader": set()}
    ports = {name: {port for _, port in at(found[name], "egress[].ports[].port")} for name in spaces}
    assert ports == {"server-loader": {9000}, "hub-loader": {443}, "huggingface-loader": {443}}


def test_every_name_of_a_service_leads_to_its_pods_or_its_namespace(objects):
    render = objects("services-by-their-domains")
    found = policies(render)
    assert components(found["server"], "ingress", "from") == {"short", "long", "server-test"}
    assert {name: components(found[name], "egress", "to") for name in ("short", "long")} == {
        "short": {"server"},
        "long": {"server"},
    }
    place = "egress[].to[].namespaceSelector.matchLabels"
    assert [str(each) for _, each in at(found["server"], place)] == ["{'kubernetes.io/metadata.name': 'storage'}"]
    assert [str(each) for _, each in at(found["short"], place)] == []
    (database,) = [rule for rule in found["short"]["egress"] if "ipBlock" in rule["to"][0]]
    assert (database["to"][0]["ipBlock"]["cidr"], database["ports"][0]["port"]) == ("10.0.0.7/32", 5432)
    assert list(reach.check(render)) == []
    found["long"]["egress"].clear()
    assert [fault.document.data["metadata"]["name"] for fault in reach.check(render)] == ["llm-long"]


def test_host_in_a_variable_has_its_rule_with_the_port_next_to_it(objects):
    found = policies(objects("hosts-of-variables"))
    blocks = {
        (block["cidr"], port["port"])
        for rule in found["program"]["egress"]
        for port in rule.get("ports", ())
        for block in ips(rule)
    }
    assert blocks == {("10.0.0.7/32", 6432), ("10.0.0.8/32", 9093), ("10.0.0.9/32", 8001)}
    place = "egress[].to[].namespaceSelector.matchLabels"
    spaces = {str(each["kubernetes.io/metadata.name"]) for _, each in at(found["open-webui"], place)}
    assert spaces >= {"databases"}
    assert len(spaces) == 2
    ports = {port for _, port in at(found["open-webui"], "egress[].ports[].port")}
    assert 587 in ports


def test_every_address_in_a_text_has_its_rule_with_its_port(objects):
    """Whatever is written like an address with a host, in whichever variable, argument or command."""
    render = objects("every-form-of-an-address")
    found = policies(render)["server"]["egress"]
    blocks = {(block["cidr"], port["port"]) for rule in found for port in rule.get("ports", ()) for block in ips(rule)}
    assert {(cidr, port) for cidr, port in blocks if not cidr.endswith("/0")} == {
        ("10.0.0.5/32", 8001),
        ("10.0.0.6/32", 8002),
        ("10.0.0.7/32", 5432),
        ("10.0.0.8/32", 6379),
        ("10.0.0.9/32", 6380),
        ("10.0.0.10/32", 3306),
        ("fd00::2/128", 8443),
    }
    # A domain that can be that of the cluster is both; api.svc.example.com has no namespace before it, so it is public.
    assert {port for cidr, port in blocks if cidr == "0.0.0.0/0"} == {22, 443, 7443, 8443, 9000}
    labels = at(policies(render)["server"], "egress[].to[].namespaceSelector.matchLabels")
    spaces = {each["kubernetes.io/metadata.name"] for _, each in labels}
    assert spaces == {"observability", "tools", "eu", "data", "models"}
    (proxy,) = [rule for rule in policies(render)["open-webui"]["egress"] if ("fd00::1/128" in str(rule))]
    assert [port["port"] for port in proxy["ports"]] == [3128]


def test_addresses_of_browsers_allow_nothing(objects):
    """A server says which pages may use it, and the UI what its own address is: no pod connects to them."""
    render = objects("addresses-of-browsers")
    found = policies(render)
    assert not found["server"].get("egress")
    assert not found["other"].get("egress")
    assert {peer for rule in found["open-webui"]["egress"] for each in rule["to"] for peer in each} == {"podSelector"}
    assert list(reach.check(render)) == []


def ips(rule: dict) -> list[dict]:
    return [each["ipBlock"] for each in rule.get("to", ()) if "ipBlock" in each]


def test_private_addresses_are_not_the_internet(objects):
    (blocks,) = [
        [block for _, block in maps(rule, "to[].ipBlock")]
        for rule in policies(objects("defaults"))["server"]["egress"]
        if "ipBlock" in rule["to"][0]
    ]
    assert {"10.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16"} <= set(blocks[0]["except"])


def test_pods_of_a_group_exchange_data_on_all_ports(objects):
    found = policies(objects("group"))
    for component in ("server", "server-worker"):
        for way, peer in (("ingress", "from"), ("egress", "to")):
            free = [rule for rule in found[component][way] if "ports" not in rule]
            assert components({way: free}, way, peer) == {"server", "server-worker"}
    assert "server-worker" not in components(found["nextchat"], "egress", "to")


def test_rules_of_a_server_are_those_of_every_pod_of_its_group(objects):
    """The pods of a group are started alike, so what one of them needs, all need."""
    found = policies(objects("group-behind-a-proxy"))
    assert found["server"]["egress"] == found["server-worker"]["egress"]
    assert [rule for rule in found["server-worker"]["egress"] if "10.1.2.3/32" in str(rule)]


def test_monitors_and_outside_clients_come_in_by_their_peers_alone(objects):
    spec = policies(objects("everything"))["server"]
    names = [
        (port["port"], peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"])
        for rule in spec["ingress"]
        for port in rule["ports"]
        for peer in rule["from"]
        if "namespaceSelector" in peer
    ]
    assert sorted(names) == [(8000, "ingress-nginx"), (8000, "monitoring")]


def test_api_server_is_reached_at_its_addresses_or_at_all_of_its_ports(objects):
    (rule,) = [rule for rule in policies(objects("api-server"))["server"]["egress"] if "192.0.2.10/32" in str(rule)]
    assert [block["cidr"] for block in ips(rule)] == ["192.0.2.10/32", "fd00::10/128"]
    assert [port["port"] for port in rule["ports"]] == [6443]


def test_prometheus_reaches_every_pod_of_a_ray_service_at_the_port_of_its_metrics(manifests, tmp_path):
    file = tmp_path / "prometheus.yaml"
    file.write_text("networkPolicy: {prometheus: [{podSelector: {matchLabels: {app: prometheus}}}]}\n")
    case = ROOT / "chartgen/fragments/workload/ray-service/cases/two-copies.yaml"
    found = [record.manifest.to_dict() for record in manifests(case, file)._records]
    render = render_of([Document("source.yaml", n, data, "") for n, data in enumerate(found)], frozenset())
    spec = policies(render)["server"]
    rules = [rule for rule in spec["ingress"] if "prometheus" in str(rule["from"])]
    assert [port["port"] for rule in rules for port in rule["ports"]] == [8080]
    (ray,) = [each.data["spec"]["rayClusterConfig"] for each in render.objects if each.kind == "RayService"]
    for group in (ray["headGroupSpec"], *ray["workerGroupSpecs"]):
        pod = group["template"]
        assert selects(spec["podSelector"], pod["metadata"]["labels"])
        assert 8080 in [port["containerPort"] for box in pod["spec"]["containers"] for port in box.get("ports", ())]


def test_address_in_an_argument_of_ray_serve_has_its_rule(manifests):
    case = ROOT / "chartgen/fragments/workload/ray-service/cases/two-copies.yaml"
    found = [
        str(manifests(case, *more).get("networkpolicy/llm-server-network").to_dict()["spec"]["egress"])
        for more in ([], ["nodes.ray.engineArgs.otlp_traces_endpoint=http://10.0.0.20:4317"])
    ]
    assert ["10.0.0.20/32" in each for each in found] == [False, True]


def test_what_verifies_a_signature_reaches_the_log_outside_and_the_registry_inside(objects):
    rules = policies(objects("signed-modelkits"))["server"]["egress"]
    assert [
        [port["port"] for port in rule["ports"]] for rule in rules if any("ipBlock" in to for to in rule["to"])
    ] == [[443]]
    assert any("namespaceSelector" in to for rule in rules for to in rule["to"])
