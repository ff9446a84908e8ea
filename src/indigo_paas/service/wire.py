# SPDX-License-Identifier: Apache-2.0
"""What goes over the wire, in the words of the INDIGO Orchestrator: requests that are read, documents that are sent.

Pure. A field that is not known is left out of a document, never null. Dates are UTC to the minute, as in
2016-11-02T22:31+0000.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict
from pydantic_core import from_json

from indigo_paas.errors import BadInput
from indigo_paas.ground.progress import Event
from indigo_paas.service import vm_info
from indigo_paas.service.model import Asked
from indigo_paas.service.urls import Urls
from indigo_paas.store import Deployment, Resource

# The largest number of the API's integers, which are 32 bits wide.
LARGEST = 2**31 - 1

# What the API calls the clouds that it knows.
DEPLOYMENT_TYPES = ("OPENSTACK", "OPENNEBULA", "OCCI", "AWS", "OTC", "AZURE")

_WHOLE = re.compile(r"[1-9][0-9]{0,9}")
_WORDS = {"true": True, "false": False}

Request = TypeVar("Request", bound=BaseModel)

EXAMPLE_ID = "11ec4b1e-4f4e-8a5e-b2b0-0242ac110002"
_EXAMPLE_LINK: JsonDict = {"rel": "self", "href": f"https://paas.example.org/deployments/{EXAMPLE_ID}"}
_EXAMPLE_DATE = "2016-11-02T22:31+0000"


def _whole(value: Any) -> Any:
    """Take "5" for 5, as clients write it; True is no number."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, bool | str):
        raise ValueError("write a whole number, 1 or more")
    return value


def _flag(value: Any) -> Any:
    """Take "true" for true, as clients write it; 1 is no flag."""
    if isinstance(value, str) and value.lower() in _WORDS:
        return _WORDS[value.lower()]
    if not isinstance(value, bool):
        raise ValueError("write true or false")
    return value


Count = Annotated[
    int,
    Field(ge=1, le=LARGEST),
    BeforeValidator(_whole),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": LARGEST},
                {"type": "string", "pattern": "^[1-9][0-9]{0,8}$"},
            ]
        }
    ),
]
Flag = Annotated[
    bool,
    BeforeValidator(_flag),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "string", "enum": ["true", "false"]}]}),
]


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="ignore")


_EXAMPLE = """\
tosca_definitions_version: tosca_simple_yaml_1_3
topology_template:
  inputs:
    wn_num: { type: integer, default: 1 }
  node_templates:
    worker:
      type: tosca.nodes.indigo.Compute
      capabilities:
        scalable: { properties: { count: { get_input: wn_num } } }
  outputs:
    addresses: { value: { get_attribute: [worker, private_address] } }
"""


class DeploymentRequest(_Wire):
    """What a deployment shall be. Fields that are not listed are ignored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "template": _EXAMPLE,
                    "parameters": {"wn_num": 2},
                    "timeoutMins": 120,
                }
            ]
        }
    )

    template: str = Field(min_length=1, description="The text of a TOSCA file.")
    parameters: dict[str, Any] | None = Field(
        None,
        description="Values of the template's inputs by name; text is read as the type of its input. "
        "An update keeps the values that it does not name.",
    )
    callback: str | None = Field(
        None,
        pattern=r"^https?://",
        max_length=2000,
        description="Where the Deployment is POSTed each time that it becomes complete or fails.",
    )
    timeout_mins: Count | None = Field(None, description="Minutes after which the deployment fails.")
    provider_timeout_mins: Count | None = Field(
        None, description="Minutes after which the next site is tried; at most timeoutMins."
    )
    max_providers_retry: Count | None = Field(None, description="How many sites are tried at most.")
    keep_last_attempt: Flag | None = Field(
        None, description="Whether the nodes of a failed deployment are kept to be looked at."
    )
    user_group: str | None = Field(None, max_length=255, description="The group in whose name it is made.")
    name: str | None = Field(None, max_length=100, description="How you call it; unique among your deployments.")

    @model_validator(mode="after")
    def _is_sound(self) -> DeploymentRequest:
        if (self.provider_timeout_mins or 0) > (self.timeout_mins or LARGEST):
            raise ValueError("ProviderTimeout must be <= Timeout")
        return self

    def asked(self) -> Asked:
        return Asked(
            template=self.template,
            parameters=self.parameters or {},
            callback=self.callback,
            user_group=self.user_group,
            timeout_mins=self.timeout_mins,
            provider_timeout_mins=self.provider_timeout_mins,
            max_providers_retry=self.max_providers_retry,
            keep_last_attempt=self.keep_last_attempt,
            name=self.name,
        )


class ResetRequest(_Wire):
    """Gives up a deletion that does not end."""

    status: Literal["DELETE_FAILED"] = Field(description="The only status that can be set.")


class ActionRequest(_Wire):
    """What shall be done with a node."""

    type: Literal["start", "stop"]


class Link(_Wire):
    rel: str
    href: str = Field(description="An absolute URL.")


class Owner(_Wire):
    issuer: str
    subject: str


class CloudProviderEndpoint(_Wire):
    """Where the nodes are; empty before a site was chosen."""

    cp_endpoint: str | None = Field(None, description="The URL of the cloud's API.")
    cp_compute_service_id: str | None = Field(None, description="The site's name.")
    deployment_type: str | None = Field(None, description="OPENSTACK or OPENNEBULA; of other sites it is not said.")
    hybrid_cloud_provider_endpoints: dict[str, CloudProviderEndpoint] | None = Field(
        None, description="The other sites where nodes are, by name."
    )


class DeploymentDocument(_Wire):
    """A deployment."""

    model_config = ConfigDict(
        title="Deployment",
        json_schema_extra={
            "examples": [
                {
                    "uuid": EXAMPLE_ID,
                    "creationTime": _EXAMPLE_DATE,
                    "updateTime": _EXAMPLE_DATE,
                    "status": "CREATE_COMPLETE",
                    "outputs": {"cluster_ip": ["198.51.100.7"]},
                    "task": "NONE",
                    "cloudProviderName": "recas",
                    "cloudProviderEndpoint": {
                        "cpEndpoint": "https://cloud.example.org:5000/v3",
                        "cpComputeServiceId": "recas",
                        "deploymentType": "OPENSTACK",
                    },
                    "createdBy": {"issuer": "https://iam.example.org/", "subject": "b72f"},
                    "links": [_EXAMPLE_LINK],
                }
            ]
        },
    )

    uuid: str
    name: str | None = Field(None, description="How its owner calls it.")
    creation_time: str = Field(description="UTC, as in 2016-11-02T22:31+0000.")
    update_time: str
    physical_id: str | None = Field(None, description="The label of its nodes at the site.")
    status: str = Field(description="{CREATE, UPDATE, DELETE}_{IN_PROGRESS, COMPLETE, FAILED} or UNKNOWN.")
    status_reason: str | None = Field(None, description="Why it failed.")
    outputs: dict[str, Any] = Field(description="The outputs of the template.")
    task: str = Field(description="What is being done: NONE, BROKERING or DEPLOYER.")
    callback: str | None = None
    user_group: str | None = None
    cloud_provider_name: str | None = Field(None, description="The chosen site.")
    cloud_provider_endpoint: CloudProviderEndpoint
    created_by: Owner
    links: list[Link]


class ResourceDocument(_Wire):
    """A node of a deployment, or one that shall be."""

    model_config = ConfigDict(title="Resource")

    uuid: str
    creation_time: str
    update_time: str
    physical_id: str | None = Field(None, description="The node's name at the site.")
    state: str = Field(description="INITIAL, CREATING, CREATED, CONFIGURING, ... STARTED, DELETING or ERROR.")
    tosca_node_type: str
    tosca_node_name: str
    required_by: list[str]
    metadata: dict[str, Any] = Field(
        description="What the site says of the node. VirtualMachineInfo is the same as the original writes it: a text "
        "of JSON, with vmProperties."
    )
    links: list[Link]


class PageNumbers(_Wire):
    size: int
    total_elements: int
    total_pages: int
    number: int = Field(description="Counts from 0.")


class _Paged(_Wire):
    links: list[Link] = Field(description="first, prev, self, next and last; prev and next where there is one.")
    page: PageNumbers


class DeploymentPage(_Paged):
    content: list[DeploymentDocument]


class ResourcePage(_Paged):
    content: list[ResourceDocument]


class Build(_Wire):
    """The release of the INDIGO Orchestrator whose API this is: clients decide by it what to send."""

    version: str


class Info(_Wire):
    """What answers here."""

    build: Build
    project_name: str
    project_version: str
    project_revision: str
    server_hostname: str


class Configuration(_Wire):
    """Where the services beside this one are; "" for one that there is not."""

    model_config = ConfigDict(alias_generator=None)

    cpr_url: str
    slam_url: str
    cmdb_url: str
    im_url: str
    monitoring_url: str
    vault_url: str
    rucio_url: str


class Health(_Wire):
    status: Literal["UP", "DOWN"]


def read_request(model: type[Request], body: bytes) -> Request:
    """Return the request of the JSON in BODY; raise BadInput naming each field that is wrong."""
    try:
        # NaN and the like are no JSON, though Python reads them.
        data = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise BadInput(f"The body is no JSON: {error}.") from None
    _refuse_nul(data)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise BadInput(faults(error.errors(include_url=False))) from None


def faults(errors: Any) -> str:
    """Return what validation found wrong as one line: field and fault, those of each field after another."""
    return "; ".join(_fault(error) for error in errors)


def _fault(error: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in error["loc"] if part not in ("query", "path", "header", "body"))
    text = str(error["msg"]).removeprefix("Value error, ")
    return f"{place}: {text}" if place else text


def _refuse_nul(data: Any) -> None:
    """Databases cannot keep a text with the character NUL."""
    todo = [data]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            if "\0" in item:
                raise BadInput("The body holds the character NUL (\\u0000), which no text may have.")
        elif isinstance(item, dict):
            todo += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            todo += item


def date(seconds: float) -> str:
    """Return epoch SECONDS as the API writes a time."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M+0000")


def deployment(row: Deployment, urls: Urls) -> DeploymentDocument:
    """Return the document of ROW."""
    return DeploymentDocument.model_validate(
        _without_none(
            uuid=row.uuid,
            # One that the command made is called by the name that it has there.
            name=row.title or (None if row.name == row.uuid else row.name),
            creation_time=date(row.created),
            update_time=date(row.updated),
            physical_id=row.name if row.site else None,
            status=row.status,
            status_reason=row.reason or None,
            outputs=row.outputs,
            task=row.task,
            callback=row.callback,
            user_group=row.user_group,
            cloud_provider_name=row.site,
            # An object even when empty: clients read its keys.
            cloud_provider_endpoint=_endpoints(row),
            created_by={"issuer": row.owner_issuer, "subject": row.owner_subject},
            links=[
                {"rel": "self", "href": urls.deployment(row.uuid)},
                {"rel": "resources", "href": urls.resources(row.uuid)},
                {"rel": "template", "href": urls.template(row.uuid)},
            ],
        )
    )


def _endpoints(row: Deployment) -> dict[str, Any]:
    if row.site is None:
        return {}
    others = dict.fromkeys(str(node["site"]) for node in row.nodes if node.get("site") not in (None, row.site))
    hybrid = {site: _endpoint(row, site) for site in others}
    return {**_endpoint(row, row.site), **({"hybrid_cloud_provider_endpoints": hybrid} if hybrid else {})}


def _endpoint(row: Deployment, site: str) -> dict[str, Any]:
    about = row.endpoints.get(site, {})
    kind = str(about.get("type")).upper()
    # Of other types, it is a path of the service's host or an account of the operator.
    known = about if kind in DEPLOYMENT_TYPES else {}
    return _without_none(
        cp_endpoint=known.get("endpoint"), cp_compute_service_id=site, deployment_type=kind if known else None
    )


def resource(row: Resource, of: Deployment, urls: Urls) -> ResourceDocument:
    """Return the document of ROW, a resource of the deployment OF."""
    site = of.endpoints.get(row.metadata.get("site", ""), {})
    return ResourceDocument.model_validate(
        _without_none(
            uuid=row.uuid,
            creation_time=date(row.created),
            update_time=date(row.updated),
            physical_id=row.node or None,
            state=row.state,
            tosca_node_type=row.type,
            tosca_node_name=row.name,
            required_by=[],
            metadata={**row.metadata, vm_info.KEY: vm_info.vm_info(row, site)} if row.node else row.metadata,
            links=[
                {"rel": "deployment", "href": urls.deployment(of.uuid)},
                {"rel": "self", "href": urls.resource(of.uuid, row.uuid)},
            ],
        )
    )


def event(told: Event) -> dict[str, Any]:
    """Return what an event tells as plain data: time (epoch seconds), kind, and what else is known of it."""
    return _without_none(
        time=told.time,
        kind=told.kind.value,
        step=told.step,
        task=told.task,
        node=told.node,
        text=told.text,
        seconds=told.seconds,
    )


def as_json(document: BaseModel) -> str:
    """Return DOCUMENT as it goes over the wire."""
    return document.model_dump_json(by_alias=True, exclude_unset=True)


def _without_none(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
