# SPDX-License-Identifier: Apache-2.0
"""Lists: pages, links, order, filters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indigo_paas.errors import BadInput
from indigo_paas.ground import status
from indigo_paas.service import paging
from indigo_paas.service.model import Page
from tests.service.rest.conftest import TEMPLATE
from tests.service.rest.memory import COMPUTE

HERE = "http://paas.example.org/deployments"


def make(client, number, **more):
    return [
        client.post("/deployments", json={"template": TEMPLATE, "name": f"d{n}", **more}).json() for n in range(number)
    ]


def links(document):
    return {link["rel"]: link["href"] for link in document["links"]}


def names(document):
    return [one["name"] for one in document["content"]]


def test_an_empty_list_has_one_page(client):
    assert client.get("/deployments").json() == {
        "links": [
            {"rel": "first", "href": f"{HERE}?page=0&size=10"},
            {"rel": "self", "href": f"{HERE}?page=0&size=10"},
            {"rel": "last", "href": f"{HERE}?page=0&size=10"},
        ],
        "content": [],
        "page": {"size": 10, "totalElements": 0, "totalPages": 0, "number": 0},
    }


def test_a_list_is_told_by_pages_the_newest_first(client):
    make(client, 12)
    first = client.get("/deployments").json()
    assert names(first) == [f"d{n}" for n in range(11, 1, -1)]
    assert first["page"] == {"size": 10, "totalElements": 12, "totalPages": 2, "number": 0}
    assert list(links(first)) == ["first", "self", "next", "last"]
    second = client.get(links(first)["next"]).json()
    assert names(second) == ["d1", "d0"]
    assert list(links(second)) == ["first", "prev", "self", "last"]
    assert links(second)["self"] == links(second)["last"] == links(first)["next"]
    assert links(second)["prev"] == links(first)["self"]


def test_the_links_repeat_what_was_asked_for(client):
    make(client, 3, userGroup="a b&c")
    asked = "?createdBy=me&userGroup=a+b%26c&sort=createdAt%2Casc&sort=uuid&size=1"
    first = client.get(f"/deployments{asked}").json()
    assert names(first) == ["d0"]
    assert names(client.get(links(first)["next"]).json()) == ["d1"]
    assert names(client.get(links(first)["last"]).json()) == ["d2"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("createdAt,asc", ["d0", "d1", "d2"]),
        ("createdAt", ["d0", "d1", "d2"]),
        ("createdAt,DESC", ["d2", "d1", "d0"]),
        ("name,desc", ["d2", "d1", "d0"]),
        ("status,name", ["d0", "d1", "d2"]),
    ],
)
def test_a_list_is_sorted_as_asked_for(client, sort, order):
    make(client, 3)
    assert names(client.get("/deployments", params={"sort": sort}).json()) == order


@pytest.mark.parametrize("sort", ["password", "createdAt,down", ",", "", "created", "createdAt,desc,asc", "desc"])
@pytest.mark.parametrize("list_", ["deployments", "resources"])
def test_an_order_by_what_is_not_there_is_refused(client, made, sort, list_):
    path = {"deployments": "/deployments", "resources": f"/deployments/{made['uuid']}/resources"}[list_]
    answer = client.get(path, params={"sort": sort})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Nothing can be sorted by '")


@pytest.mark.parametrize("query", ["page=-1", "size=0", "size=-5", "page=x", "size=x", "page=2147483648", "page="])
def test_there_is_no_such_page(client, query):
    answer = client.get(f"/deployments?{query}")
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(query.partition("=")[0])


def test_a_page_behind_the_last_is_empty(client):
    make(client, 1)
    page = client.get("/deployments?page=7").json()
    assert page["content"] == []
    assert links(page)["prev"] == links(page)["last"] == f"{HERE}?page=0&size=10"


def test_a_page_may_not_be_endless(client):
    assert client.get("/deployments?size=2000000").json()["page"]["size"] == 1000


def test_orpy_gets_one_page_unless_it_asks_for_another(client):
    orpy = {"User-Agent": "orpy-orpy/1.0.4"}
    make(client, 12)
    whole = client.get("/deployments", headers=orpy).json()
    assert (len(whole["content"]), list(links(whole))) == (12, ["first", "self", "last"])
    assert len(client.get("/deployments?size=5", headers=orpy).json()["content"]) == 5


def test_own_deployments_and_those_of_others(connect):
    make(connect("alice"), 1)
    make(connect("bob"), 2)
    count = {
        (who, query): connect(who).get(f"/deployments{query}").json()["page"]["totalElements"]
        for who in ("alice", "bob", "admin")
        for query in ("", "?createdBy=me", "?createdBy=bob@https://iam.example.org/")
    }
    assert count["alice", ""] == count["alice", "?createdBy=me"] == 1
    assert count["bob", ""] == 2
    assert count["admin", ""] == 3
    assert count["admin", "?createdBy=me"] == 0
    assert count["admin", "?createdBy=bob@https://iam.example.org/"] == 2


@pytest.mark.parametrize("who", ["", "alice", "@", "alice@", "@issuer", "a%00b@issuer"])
def test_an_owner_must_be_written_whole(client, who):
    answer = client.get(f"/deployments?createdBy={who}")
    assert answer.status_code == 400
    assert "createdBy" in answer.json()["message"]


def test_resources_are_told_with_their_links(client, desk, made):
    path = f"{HERE}/{made['uuid']}/resources"
    page = client.get(path).json()
    assert page["page"]["totalElements"] == 2
    shown = page["content"][0]
    assert shown["links"] == [
        {"rel": "deployment", "href": f"{HERE}/{made['uuid']}"},
        {"rel": "self", "href": f"{path}/{shown['uuid']}"},
    ]
    assert {key: shown[key] for key in ("state", "toscaNodeType", "toscaNodeName", "requiredBy", "metadata")} == {
        "state": "INITIAL",
        "toscaNodeType": COMPUTE,
        "toscaNodeName": "server",
        "requiredBy": [],
        "metadata": {},
    }
    assert "physicalId" not in shown
    assert client.get(f"{path}/{shown['uuid']}").json() == shown


def test_resources_by_type(client, made):
    path = f"/deployments/{made['uuid']}/resources"
    assert client.get(path, params={"type": COMPUTE}).json()["page"]["totalElements"] == 2
    assert client.get(path, params={"type": "other"}).json()["page"]["totalElements"] == 0
    assert len(client.get(f"{path}/filter", params={"type": COMPUTE}).json()) == 2
    assert client.get(f"{path}/filter", params={"type": "other"}).json() == []
    assert client.get(f"{path}/filter").status_code == 400


def test_a_node_is_started_and_stopped(client, desk, made):
    path = f"/deployments/{made['uuid']}/resources"
    rid = client.get(path).json()["content"][0]["uuid"]
    assert client.post(f"{path}/{rid}/actions", json={"type": "stop"}).status_code == 409
    desk.change(made["uuid"], status=status.CREATE_COMPLETE)
    answer = client.post(f"{path}/{rid}/actions", json={"type": "stop"})
    assert (answer.status_code, answer.content) == (202, b"")
    assert desk.acted == [(rid, "stop")]
    assert client.post(f"{path}/{rid}/actions", json={"type": "explode"}).status_code == 400
    assert client.post(f"{path}/{made['uuid']}/actions", json={"type": "stop"}).status_code == 404


@given(total=st.integers(0, 300), size=st.integers(1, 50), number=st.integers(0, 40))
def test_whoever_follows_next_sees_all_pages_and_comes_to_an_end(total, size, number):
    """As orchent does: it follows `next` until `self` is `last`, or there is no `next`."""
    seen, pages = 0, 0
    page = Page(0, size)
    while True:
        document = paging.document([], total, page, "http://h", [("sort", "uuid")])
        found = links(document)
        seen += min(size, total - page.number * size)
        pages += 1
        if found["self"] == found["last"] or "next" not in found:
            break
        page = Page(int(found["next"].split("page=")[1].split("&")[0]), size)
    assert seen == total
    assert pages == max(1, document["page"]["total_pages"])


@given(st.text(max_size=40))
def test_no_text_sorts_by_a_column_that_is_not_named(text):
    try:
        page = paging.page(0, None, [text], paging.DEPLOYMENT_SORTS, "")
    except BadInput:
        return
    assert {column for column, _ in page.sort} <= set(paging.DEPLOYMENT_SORTS.values())


@pytest.mark.parametrize(
    ("query", "names_left"),
    [
        ("", ["d0", "d1", "d2"]),
        ("excludedStatus=", ["d0", "d1", "d2"]),
        ("excludedStatus=CREATE_COMPLETE", ["d0", "d2"]),
        ("excludedStatus=CREATE_COMPLETE,DELETE_FAILED", ["d0"]),
        ("excludedStatus=CREATE_COMPLETE&excludedStatus=DELETE_FAILED", ["d0"]),
        ("excludedStatus=DELETE_COMPLETE", ["d0", "d1", "d2"]),
    ],
)
def test_deployments_with_an_excluded_status_are_left_out(client, desk, query, names_left):
    _first, second, third = make(client, 3)
    desk.change(second["uuid"], status="CREATE_COMPLETE")
    desk.change(third["uuid"], status="DELETE_FAILED")
    page = client.get(f"/deployments?{query}").json()
    assert sorted(names(page)) == names_left
    assert page["page"]["totalElements"] == len(names_left)
    assert names(client.get(links(page)["self"]).json()) == names(page)


@pytest.mark.parametrize(
    "said", ["COMPLETE", "create_complete", "CREATE_COMPLETE,", ",", "CREATE_COMPLETE, DELETE_FAILED"]
)
def test_a_status_that_there_is_not_is_refused(client, said):
    answer = client.get("/deployments", params={"excludedStatus": said})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("excludedStatus: there is no status '")
