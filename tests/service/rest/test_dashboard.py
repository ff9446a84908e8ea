# SPDX-License-Identifier: Apache-2.0
"""The INDIGO PaaS dashboard, that of 2020 and that of 2026, over the whole service on a fake site."""

from __future__ import annotations

import pytest
import yaml

from indigo_paas.service.app import make_app
from indigo_paas.service.model import ANONYMOUS
from tests.cli.conftest import TEMPLATE
from tests.servers import serving_app
from tests.service.core.conftest import Service
from tests.service.rest.dashboard import STATUSES, Dashboard
from tests.service.rest.test_callbacks import listening

FORM = {
    "count": "2",
    "version": "9",
    "instance_key_pub": "ssh-ed25519 AAAA",
    "network_type": "",
    "storage_size": "0 GB",
}


@pytest.fixture
def service(tmp_path):
    # A dashboard in the same private network as the service.
    made = Service(tmp_path, INDIGO_PAAS_IDENTITY_ANONYMOUS="true", INDIGO_PAAS_CALLBACKS_ALLOW_PRIVATE="true")
    yield made
    made.close()


@pytest.fixture
def url(service):
    with serving_app(make_app(service.settings, service.desk)) as port:
        yield f"http://127.0.0.1:{port}"


def test_the_dashboard_of_2020(service, url):
    dashboard = Dashboard(url)
    assert dashboard.placement_type() == "tosca.policies.indigo.SlaPlacement"
    service.supervisor()
    template = yaml.dump(yaml.full_load(TEMPLATE), default_flow_style=False, sort_keys=False)
    uuid = dashboard.create_2020(template, FORM)["uuid"]
    assert service.wait(uuid) == "CREATE_COMPLETE"
    [shown] = dashboard.all_2020()
    assert shown["outputs"]["asked"]["inputs"] == {"count": 2, "version": "9"}
    assert "'instance_key_pub', 'network_type', 'storage_size'" in dashboard.texts(uuid)[1]


def test_the_dashboard_of_2026(service, url):
    service.supervisor()
    with listening(204, 204) as hook:
        dashboard = Dashboard(url, callback=hook.url)
        uuid = dashboard.create(TEMPLATE, {**FORM, "users": [{"os_user_name": "ann"}]})["uuid"]
        assert service.wait(uuid) == "CREATE_COMPLETE"
        dashboard.update(uuid, TEMPLATE, {"count": 1, "contact_email": "a@b.c"})
        assert service.wait(uuid) == "UPDATE_COMPLETE"
    [machine] = dashboard.machines(uuid)
    assert (machine["instance_name"], machine["instance_id"], machine["id"]) == ("server-0", "x", "server")
    assert machine["networks"] == ["priv_network", "pub_network"]
    assert (machine["net_interface.0.ip"], machine["net_interface.1.ip"]) == ("127.0.0.1", "127.0.0.1")
    assert dashboard.act(uuid, machine["uuid"], "stop") == 202
    assert service.wait(uuid) == "UPDATE_COMPLETE"
    assert [each["state"] for each in dashboard.machines(uuid)] == ["STOPPED"]
    assert all(dashboard.texts(uuid))
    assert dashboard.reset(uuid).status_code == 409
    assert dashboard.delete(uuid) == 204
    assert service.wait(uuid) == "GONE"
    assert dashboard.deployments(*STATUSES) == []


def test_it_lists_those_whose_status_is_not_excluded(service, url):
    dashboard = Dashboard(url)
    made = [service.create(ANONYMOUS) for _ in range(12)]
    for uuid in made[:11]:
        service.store.change_deployment(uuid, status="CREATE_COMPLETE")
    listed = dashboard.deployments("CREATE_COMPLETE", "CREATE_FAILED")
    # The filter holds on the second page, too.
    assert {each["uuid"] for each in listed} == set(made[:11])
    assert [each["uuid"] for each in dashboard.deployments("CREATE_IN_PROGRESS")] == made[11:]
    assert dashboard.deployments("DELETE_FAILED") == []
