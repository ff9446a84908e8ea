# SPDX-License-Identifier: Apache-2.0
"""The collection's own code, called in this process. The only file that imports it.

Its errors become this package's: what is wrong with the request is BadInput, the rest IndigoError.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib.util
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indigo_paas.errors import BadInput, IndigoError, Problem
from indigo_paas.ground.masking import Masker, Public, is_secret, tells_secret

if TYPE_CHECKING:
    from indigo_paas.templates.source import Template

NAME = "ansible_collections.indigo.paas"
_LONGEST_PATH = 1000

# First and last character of a value that is more than a plain scalar.
_ENCLOSED = {"[]", "{}", '""', "''"}


@functools.cache
def root() -> Path:
    """Return the directory of ansible_collections/indigo/paas, an entry of Ansible's collections path."""
    spec = importlib.util.find_spec(NAME)
    if spec is None or not spec.submodule_search_locations:
        raise IndigoError("The collection indigo.paas is missing. Install the package indigo-paas again.")
    return Path(next(iter(spec.submodule_search_locations))).parents[2]


def plan_template(
    template: Template,
    inputs: Mapping[str, Any],
    counts: Mapping[str, int] | None = None,
    removals: Mapping[str, Sequence[str]] | None = None,
    sketch: bool = False,
) -> dict[str, Any]:
    """Return the plan of TEMPLATE as plain data; raise BadInput with all of the template's problems.

    sketch: it is to be looked at, so that inputs may lack their values.
    """
    with _errors(template, inputs):
        from ansible_collections.indigo.paas.plugins.module_utils.tosca import plan_template

        plan: dict[str, Any] = plan_template(
            template.content,
            dict(inputs),
            counts,
            {name: list(nodes) for name, nodes in (removals or {}).items()},
            name=template.name,
            resolver=_resolver(template),
            strict=template.strict,
            trust=template.trust,
            sketch=sketch,
        ).to_dict()
        if not sketch:
            _require_files(plan, template)
        return plan


def foreign_operations(template: Template, inputs: Mapping[str, Any]) -> list[Problem]:
    """Return a problem for each operation of TEMPLATE that no role of this collection implements."""
    with _errors(template, inputs):
        from ansible_collections.indigo.paas.plugins.module_utils import errors
        from ansible_collections.indigo.paas.plugins.module_utils.tosca import load
        from ansible_collections.indigo.paas.plugins.module_utils.tosca.external import foreign

        topology = load(
            template.content,
            dict(inputs),
            name=template.name,
            resolver=_resolver(template),
            strict=template.strict,
            trust=template.trust,
        )
        found = [
            errors.Problem(
                f"'{call.implementation[:200]}', which implements '{call.name}' of '{node.name}', comes from elsewhere",
                file=call.at.file,
                line=call.at.line,
                column=call.at.column,
            )
            for node, call in foreign(topology)
        ]
    return _as_problems(found, template, inputs)


def read_url(url: str, **limits: Any) -> bytes:
    """Return what is at an http(s) URL; raise BadInput when it cannot be had within `seconds` and `limit` bytes."""
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils import download

        return bytes(download.read_url(url, **limits))


def read_inputs(path: Path) -> dict[str, Any]:
    """Return the inputs in the YAML file PATH by name; raise BadInput when it holds no mapping."""
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils.tosca import document

        data = document.read(path).data
    if not isinstance(data, dict):
        raise BadInput(f"{path}:1:1: inputs must be a mapping. Write one 'name: value' a line.")
    return data


def parse_value(text: str) -> Any:
    """Return the value that TEXT of the option -i stands for: a YAML scalar, or what brackets or quotes hold.

    What is no YAML is text as it stands.
    """
    from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
    from ansible_collections.indigo.paas.plugins.module_utils.tosca import document, yaml_scalars

    if len(text) > 1 and text[0] + text[-1] in _ENCLOSED:
        with contextlib.suppress(TemplateError):
            return document.parse(text, "-i")
        return text
    return yaml_scalars.plain_scalar(text) if text else ""


def local_files(template: Template) -> list[Path]:
    """Return the local files that TEMPLATE needs, normalized: what it imports, and playbooks with what belongs to them.

    The imports of these are among them; what lies in an archive or at a URL is not.
    """
    with _errors(template):
        from ansible_collections.indigo.paas.plugins.module_utils.tosca import imports
        from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Report

        document, inside = _open(template)
        documents = imports.with_imports(document, Report(), inside or _resolver(template))
        local = [(each.path, each.data) for each in documents if each.path]
        found = [path for path, _data in local[1:]]
        known = {os.path.normpath(path) for path, _data in local}
        for place, data in local:
            found += [path for path in _playbooks(data, place.parent) if os.path.normpath(path) not in known]
        return list(dict.fromkeys(Path(os.path.normpath(path)) for path in found))


def url_name(url: str) -> str:
    """Return URL as messages and archives name it: without what may be secret in it."""
    from ansible_collections.indigo.paas.plugins.module_utils.tosca import csar

    try:
        return str(csar.url_name(url))
    except ValueError:
        return "the URL"


def is_archive(data: bytes) -> bool:
    """Say whether DATA is a CSAR archive."""
    from ansible_collections.indigo.paas.plugins.module_utils.tosca import csar

    return bool(csar.is_archive(data))


def pack(name: str, files: Mapping[str, bytes]) -> bytes:
    """Return the CSAR archive of FILES from URLs, by their names; NAME is that of the template."""
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils.tosca import csar

        return bytes(csar.pack(name, files))


def describe_sites(sites: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Ask SITES (options by name) what they have, all at once; one that is down is described as that."""
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils.sites import describe_sites

        return list(describe_sites(sites))


def deployments_at(sites: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return the sites where each deployment has nodes, and why some of SITES could not be asked, by their names."""
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils import fleet

        found, silent = fleet.find_deployments(sites)
        return dict(found), dict(silent)


def nodes_at(sites: Mapping[str, Mapping[str, Any]], deployment: str) -> list[dict[str, Any]]:
    """Return the nodes that DEPLOYMENT has at SITES (options by name), each with its `site`."""
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils import fleet

        return list(fleet.find_fleet(sites, deployment).to_list())


def install_role(service: str) -> str:
    """Return the full name of the role SERVICE, of this collection where it names none.

    Raises BadInput where there is none, or it has nothing that could be installed beforehand.
    """
    from ansible_collections.indigo.paas.plugins.module_utils.errors import did_you_mean
    from ansible_collections.indigo.paas.plugins.module_utils.prepared.role_content import find_install_role

    name = service if service.count(".") >= 2 else f"indigo.paas.{service}"
    if find_install_role(name):
        return name
    known = [
        path.name for path in sorted((root() / "ansible_collections/indigo/paas/roles").iterdir()) if path.is_dir()
    ]
    able = [each for each in known if find_install_role(f"indigo.paas.{each}")]
    if service in known:
        raise BadInput(
            f"{service!r} cannot be prepared: its role has no entry point install. {', '.join(able)} can be."
        )
    raise BadInput(f"{service!r} is neither a template nor a service. {did_you_mean(service, able, what='services')}")


def keeps_images(name: str, options: Mapping[str, Any]) -> bool:
    """Return whether the site NAME can keep prepared images. Raises BadInput where its options are wrong."""
    with _errors():
        return _keeper(name, options) is not None


def prepared_images(name: str, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the prepared images of the site NAME, each with `machines`, how many run from it, and `problem`.

    problem: why no node starts from it any more, None where one may.
    """
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils.prepared.images import outdated
        from ansible_collections.indigo.paas.plugins.module_utils.prepared.role_content import find_install_role

        keeper = _keeper(name, options)
        if keeper is None:
            return []
        images, in_use = keeper.prepared_images(), keeper.images_in_use()
        now, days = datetime.now(UTC), keeper.options["prepared_days"]
        return [
            {
                **image.to_dict(),
                "site": name,
                "machines": in_use.get(image.id, 0),
                "problem": outdated(image, lambda role: getattr(find_install_role(role), "digest", None), now, days),
            }
            for image in sorted(images, key=lambda image: (image.name, image.made))
        ]


def delete_image(name: str, options: Mapping[str, Any], image: str) -> list[dict[str, Any]]:
    """Delete the prepared image IMAGE (its name) of the site NAME, and return what was deleted; raise BadInput."""
    with _errors():
        keeper = _keeper(name, options)
        if keeper is None:
            raise BadInput(f"The site {name} keeps no prepared images.")
        return [each.to_dict() for each in keeper.delete_image(image)]


def starting_images(plan: Mapping[str, Any], sites: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return what the groups of PLAN would start from at SITES (options by name), as lines for people, by site."""
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils.prepared.keeper import choice_lines

        requests = _image_requests(plan)
        if not any(services for _image, services in requests.values()):
            return {}
        keepers = {name: keeper for name, options in sites.items() if (keeper := _keeper(name, options)) is not None}
        return {name: choice_lines(keeper.choose_images(requests)) for name, keeper in keepers.items()}


def lacks_images(plan: Mapping[str, Any], name: str, options: Mapping[str, Any]) -> bool:
    """Return whether the site NAME prepares images by itself, and lacks some that nodes of PLAN could start from."""
    with _errors():
        keeper = _keeper(name, options)
        return bool(keeper and keeper.options["prepare"] and keeper.lacks_images(_image_requests(plan)))


def _image_requests(plan: Mapping[str, Any]) -> dict[str, tuple[Any, Mapping[str, str]]]:
    """Return the image that each group of PLAN asks for, and the digests of its services that can be prepared."""
    from ansible_collections.indigo.paas.plugins.module_utils.node_groups import read_groups
    from ansible_collections.indigo.paas.plugins.module_utils.prepared.role_content import find_install_role
    from ansible_collections.indigo.paas.plugins.module_utils.prepared.services import wanted_services

    services = wanted_services(plan, find_install_role)
    return {group.name: (group.image, services.get(group.safe_name, {})) for group in read_groups(plan["groups"])}


def _keeper(name: str, options: Mapping[str, Any]) -> Any:
    """Return the site NAME, None where it keeps no prepared images."""
    from ansible_collections.indigo.paas.plugins.module_utils.prepared.keeper import ImageKeeper
    from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site

    site = open_site(name, dict(options))
    return site if isinstance(site, ImageKeeper) else None


def missing_at_site(name: str, options: Mapping[str, Any]) -> list[str]:
    """Return what keeps deployments from running at the site NAME, as sentences; none where nothing does."""
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site

        return list(open_site(name, dict(options)).missing())


def with_hosts(options: Mapping[str, Any], hosts: Callable[[str], list[tuple[str, dict[str, Any]]]]) -> dict[str, Any]:
    """Return the OPTIONS of a site with the hosts of its hosts_group, which HOSTS gives, among its hosts."""
    from ansible_collections.indigo.paas.plugins.module_utils import host_entries

    return dict(host_entries.with_hosts(options, hosts))


def candidates(
    plan: Mapping[str, Any],
    descriptions: Sequence[Mapping[str, Any]],
    wanted: Sequence[str] = (),
    name: str | None = None,
) -> list[dict[str, Any]]:
    """Return which sites can hold PLAN, the best first: as of `brokering.candidates`."""
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils import brokering

        return list(brokering.candidates(plan, descriptions, wanted, name))


def place(
    plan: Mapping[str, Any],
    descriptions: Sequence[Mapping[str, Any]],
    wanted: Sequence[str] = (),
    name: str | None = None,
    spread: bool = False,
) -> dict[str, Any]:
    """Return which nodes of PLAN would go where, none being there yet: as of `brokering.distribute`.

    Raises BadInput with the reasons of every site that cannot hold them.
    """
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils import brokering
        from ansible_collections.indigo.paas.plugins.module_utils.fleet import Fleet

        standing = Fleet({}).standing(plan["groups"])
        return dict(brokering.distribute(plan, descriptions, standing, wanted, name, spread))


def warnings(plan: Mapping[str, Any], template: Template, inputs: Mapping[str, Any]) -> list[Problem]:
    """Return the warnings of PLAN, which is that of TEMPLATE; INPUTS are searched for secrets to mask."""
    from ansible_collections.indigo.paas.plugins.module_utils import errors

    found = [errors.Problem(**warning) for warning in plan.get("warnings", [])]
    return _as_problems(found, template, {**plan["inputs"], **inputs}) if found else []


def masker(template: Template | None, inputs: Mapping[str, Any]) -> Masker:
    """Return what hides the secrets among INPUTS and the defaults of TEMPLATE, but nothing that it says openly."""
    written = _written(template)
    return Masker({"defaults": _defaults(written), "inputs": inputs}, Public(written, inputs))


def declared_inputs(template: Template) -> set[str]:
    """Return the names of the inputs that TEMPLATE declares."""
    return set(declarations(template)[1])


def declarations(template: Template) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return TEMPLATE as written, and the section with the inputs that it declares; both empty where absent."""
    with _errors(template):
        data = _open(template)[0].data
    whole = data if isinstance(data, dict) else {}
    topology = whole.get("topology_template")
    inputs = topology.get("inputs") if isinstance(topology, dict) else None
    return whole, inputs if isinstance(inputs, dict) else {}


def taken_inputs(template: Template) -> set[str]:
    """Return the names of the inputs that TEMPLATE can be given: those that it declares, and those that it uses."""
    whole, inputs = declarations(template)
    body = whole.get("topology_template")
    with _errors(template):
        from ansible_collections.indigo.paas.plugins.module_utils.tosca.inputs import used_inputs

        return {*inputs, *(used_inputs(body) if isinstance(body, dict) else ())}


def require_taken(template: Template, inputs: Iterable[str]) -> None:
    """Raise BadInput for each of the names INPUTS that TEMPLATE cannot be given."""
    from ansible_collections.indigo.paas.plugins.module_utils.errors import did_you_mean

    taken = taken_inputs(template)
    unknown = [name for name in inputs if name not in taken]
    if unknown:
        hints = {name: did_you_mean(name, taken, what="inputs") for name in unknown}
        raise BadInput(
            *(f"{template.name}: the template has no input {name!r}. {hints[name]}".strip() for name in unknown)
        )


def survey(template: Template, name: str) -> dict[str, Any]:
    """Return AWX's survey specification for the inputs of TEMPLATE; NAME is proposed for the deployment."""
    whole, inputs = declarations(template)
    metadata = whole.get("metadata")
    title = metadata.get("display_name") if isinstance(metadata, dict) else None
    with _errors(template):
        from ansible_collections.indigo.paas.plugins.module_utils.tosca import survey

        described = " ".join(str(whole.get("description") or "").split())
        spec: dict[str, Any] = survey.survey_spec(
            inputs, is_secret, name=str(title or template.stem or name), description=described, deployment=name
        )
        return spec


def plan_diff(
    old: Mapping[str, Any] | None, new: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what changes from the plan OLD to the plan NEW for a deployment that has NODES."""
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils import plan_diff

        return dict(plan_diff.plan_diff(old, new, nodes))


def node_names(group: Mapping[str, Any], count: int) -> list[str]:
    """Return how COUNT nodes of GROUP, a plan's, are called where there is none yet."""
    from ansible_collections.indigo.paas.plugins.module_utils import node_groups, node_names

    return list(node_names.new_names(node_groups.NodeGroup.from_plan(group), range(count), (), ()))


def phrase(kind: str, value: Any) -> str:
    """Return a part of a plan in words; KIND is what it is: size, image, network, ports, volume, value or type."""
    from ansible_collections.indigo.paas.plugins.module_utils.amounts import amount
    from ansible_collections.indigo.paas.plugins.module_utils.tosca import phrases

    made: dict[str, Callable[[Any], str]] = {
        "size": phrases.size_text,
        "image": phrases.image_text,
        "network": phrases.network_text,
        "ports": phrases.ports_text,
        "volume": phrases.volume_text,
        "value": phrases.value_text,
        "type": phrases.short_type,
        "amount": amount,
    }
    return str(made[kind](value))


def ensure_ssh_key(path: Path, deployment: str) -> None:
    """Make the private key PATH of a deployment, where it is missing."""
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys

        ssh_keys.ensure_key(str(path), comment=deployment)


def hand_over(variables: Mapping[str, Any], files: Mapping[str, bytes], template: str) -> str:
    """Return the text that the module indigo.paas.request takes.

    variables: of the playbooks. files: the template and what it needs, by path. template: its path among them, or "".
    """
    from ansible_collections.indigo.paas.plugins.module_utils import handover

    return str(handover.pack(handover.Handover(variables, files, template)))


def operations_of(component: Mapping[str, Any], stage: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the operations of COMPONENT that run in STAGE: one playbook, or all that its role implements."""
    from ansible_collections.indigo.paas.plugins.module_utils.tosca import hosts

    return list(hosts.operations_of(component, stage))


def draw(plan: Mapping[str, Any], language: str, title: str) -> str:
    """Return a picture of PLAN in LANGUAGE: svg, dot or mermaid."""
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils.tosca import pictures

        return str(pictures.draw(plan, language, title))


def template_schema() -> dict[str, Any]:
    """Return the JSON Schema of templates that use the types which ship with the collection."""
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils.tosca import default_vocabulary, json_schema

        schema: dict[str, Any] = json_schema.template_schema(default_vocabulary())
        return schema


def translate(
    plan: Mapping[str, Any],
    target: Mapping[str, Any],
    name: str,
    version: str,
    hides: Callable[[str, Any], bool],
) -> dict[str, str]:
    """Return PLAN as the files of an Ansible project, its local playbooks among them.

    target: site and options, or hosts.

    hides: says of a name and a value whether they are secret.
    """
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils.artifacts.carried import carried
        from ansible_collections.indigo.paas.plugins.module_utils.translate import Target, translate

        plan, playbooks = carried(plan)
        return dict(translate(plan, Target(**target), name, version, hides, playbooks))


def expression(text: str) -> str:
    """Return TEXT marked as an expression that `translate` writes as it is."""
    from ansible_collections.indigo.paas.plugins.module_utils.translate.yaml_text import Template

    marked: str = Template(text)
    return marked


def _playbooks(data: Any, directory: Path) -> Iterator[Path]:
    """Yield the playbooks below DIRECTORY that a TOSCA document may name, with what belongs to each, and artifacts."""
    from ansible_collections.indigo.paas.plugins.module_utils.artifacts import beside

    yield from _artifacts(data, directory)
    named = {text for text in _texts(data) if text.endswith((".yml", ".yaml")) and len(text) < _LONGEST_PATH}
    for playbook in _existing(sorted(named), directory):
        for name in beside.files_of(playbook):
            yield playbook.parent / name


def _artifacts(data: Any, directory: Path) -> Iterator[Path]:
    """Yield the files below DIRECTORY that the artifacts in a TOSCA document, and its dependencies, may name."""
    from ansible_collections.indigo.paas.plugins.module_utils.artifacts.needs import is_inside

    if isinstance(data, dict):
        named = {text for key in ("artifacts", "dependencies") for text in _texts(data.get(key))}
        yield from _existing(sorted(name for name in named if len(name) < _LONGEST_PATH and is_inside(name)), directory)
    for item in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _artifacts(item, directory)


def _existing(names: Iterable[str], directory: Path) -> Iterator[Path]:
    """Yield the files that NAMES, relative to DIRECTORY, stand for; an absolute path needs no copy."""
    for name in names:
        file = os.path.normpath(directory / name)
        if not os.path.isabs(name) and os.path.isfile(file):
            yield Path(file)


def _texts(data: Any) -> Iterator[str]:
    """Yield every text in plain data."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for item in data.values() if isinstance(data, dict) else data:
            yield from _texts(item)


def _require_files(plan: Mapping[str, Any], template: Template) -> None:
    """Refuse the PLAN of TEMPLATE where files that its playbooks need cannot be had."""
    from ansible_collections.indigo.paas.plugins.module_utils.artifacts import presence
    from ansible_collections.indigo.paas.plugins.module_utils.tosca import csar

    if any(stage.get("external") for stage in plan["stages"]):
        inside = _open(template)[1]
        presence.require(plan, inside if isinstance(inside, csar.Archive) else None, template.path is not None)


def _open(template: Template) -> tuple[Any, Any]:
    """Return the document of TEMPLATE, and what finds its imports when it lies in an archive."""
    from ansible_collections.indigo.paas.plugins.module_utils.tosca import open_template

    document, inside = open_template(template.content, template.name)
    return document, inside


def _resolver(template: Template) -> Callable[[str, str], tuple[str, bytes] | None]:
    """Return what finds the imports of TEMPLATE elsewhere, in the way that the collection wants it."""
    from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError

    def resolve(target: str, importer: str) -> tuple[str, bytes] | None:
        try:
            return template.resolve(target, importer)
        except BadInput as error:
            raise TemplateError(str(error)) from error

    return resolve


@contextlib.contextmanager
def _errors(template: Template | None = None, inputs: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Translate the collection's errors, with the lines of TEMPLATE and without the secrets in INPUTS."""
    from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError, SiteError

    try:
        yield
    except PaasError as error:
        fatal = isinstance(error, SiteError) and not error.bad_input
        raise (IndigoError if fatal else BadInput)(*_as_problems(error.problems, template, inputs or {})) from error


def _as_problems(problems: Iterable[Any], template: Template | None, inputs: Mapping[str, Any]) -> list[Problem]:
    """Return the collection's PROBLEMS as this package's, secrets masked."""
    hidden = masker(template, inputs)
    text_of = functools.cache(functools.partial(_text_of, template))

    # Many problems may be in one line, and lines may be long.
    @functools.cache
    def is_open(file: str | None, number: int) -> bool:
        line = _line(text_of(file) or "", number)
        return hidden.text(line) == line and not tells_secret(line)

    return [_problem(each, text_of(each.file), hidden, is_open) for each in problems]


def _line(text: str, number: int) -> str:
    from ansible_collections.indigo.paas.plugins.module_utils import excerpt

    return excerpt.line_of(text, number) or ""


def _problem(problem: Any, source: str | None, masker: Masker, is_open: Callable[[str | None, int], bool]) -> Problem:
    from ansible_collections.indigo.paas.plugins.module_utils import excerpt

    hidden = dataclasses.replace(
        problem, message=masker.text(problem.message), hint=problem.hint and masker.text(problem.hint)
    )
    span = excerpt.span(problem, source) if source is not None else None
    place = {**hidden.to_dict(), "end_column": span[2] if span else None}
    if span is None:
        return Problem(str(hidden), place)
    if not is_open(problem.file, span[0]):
        # With a part of it masked, a caret under the line would point at nothing.
        return Problem(str(hidden), place)
    return Problem(str(hidden), place, "\n".join(excerpt.render(hidden, source).split("\n")[-2:]))


def _written(template: Template | None) -> Any:
    """Return what TEMPLATE says, as plain data; nothing when it cannot be read."""
    from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError

    with contextlib.suppress(PaasError, IndigoError):
        return _open(template)[0].data if template else None
    return None


def _defaults(written: Any) -> dict[str, Any]:
    """Return the defaults of the inputs of a template by name."""
    try:
        inputs = written["topology_template"]["inputs"]
        return {name: body.get("default") for name, body in inputs.items() if isinstance(body, dict)}
    except (LookupError, TypeError, AttributeError):
        return {}


def _text_of(template: Template | None, name: str | None) -> str | None:
    """Return the text of the file that messages call NAME, a part of TEMPLATE or a file; None when there is none."""
    from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError
    from ansible_collections.indigo.paas.plugins.module_utils.tosca import csar, document

    if name is None:
        return None
    data: bytes | None = None
    with contextlib.suppress(PaasError, IndigoError):
        data = template.fetched().get(name) if template else None
        if template and data is None:
            data = csar.read_member(template.content, template.name, name)
    try:
        path = Path(name)
        if data is None and path.is_file() and path.stat().st_size <= document.MAX_BYTES:
            data = path.read_bytes()
    except (OSError, ValueError):
        return None
    return data.decode("utf-8-sig", "replace") if data is not None and b"\0" not in data else None
