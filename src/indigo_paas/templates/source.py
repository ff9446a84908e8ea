# SPDX-License-Identifier: Apache-2.0
"""Templates as users give them: a path, a CSAR archive, standard input ("-"), or an http(s) URL.

What is no file is read once, when it is first asked for; the collection's code gets bytes and never a network.
"""

from __future__ import annotations

import dataclasses
import os
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from indigo_paas.errors import BadInput
from indigo_paas.ground import names
from indigo_paas.templates import collection, fetch
from indigo_paas.templates.kept_request import Copy

_ARCHIVE, _YAML = ".csar", ".yaml"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass
class _Held:
    """What was read: shared by all copies of a template, so that standard input is read once."""

    source: fetch.Source | None = None
    imports: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    copy: Copy | None = None


@dataclass(frozen=True)
class Template:
    """A template and how it is read.

    given: as the user wrote it. strict: each leniency of the loader is an error. trust: Jinja in the template's own
    texts is evaluated by Ansible.
    """

    given: str
    strict: bool = False
    trust: bool = False
    _held: _Held = field(default_factory=_Held, repr=False, compare=False)

    @classmethod
    def of_text(cls, text: str, name: str = "template.yaml") -> Template:
        """Return the template with this TEXT, which errors call NAME. It imports published types and nothing else."""
        data = text.encode("utf-8", "surrogatepass")
        if collection.is_archive(data):
            raise BadInput(f"{name}: this is an archive. Give the text of a TOSCA file.")
        return cls(name, _held=_Held(fetch.Source(data, name)))

    def read_as(self, strict: bool, trust: bool) -> Template:
        """Return the same template, read in another manner."""
        return dataclasses.replace(self, strict=strict, trust=trust)

    @property
    def path(self) -> Path | None:
        """The file or archive; None for what comes from elsewhere."""
        return None if self._held.source or fetch.is_elsewhere(self.given) else Path(self.given)

    @property
    def name(self) -> str:
        """How messages and copies call it: without what may be secret in a URL, and changes from day to day."""
        if self.given == fetch.STDIN:
            return "<stdin>"
        return collection.url_name(self.given.partition("?")[0]) if self.path is None else self.given

    @property
    def title(self) -> str:
        """The name of its file, "standard input" without one."""
        if self.given == fetch.STDIN:
            return "standard input"
        return self.path.name if self.path else self._file().name

    @property
    def stem(self) -> str:
        """The name of its file without the suffix, "" for standard input."""
        if self.given == fetch.STDIN:
            return ""
        return self.path.stem if self.path else self._file().stem

    def deployment_name(self) -> str:
        """Return the name of a deployment that is not given one; raise BadInput for standard input."""
        if self.given == fetch.STDIN:
            raise BadInput("A template from standard input names no deployment. Name it with --name.")
        return names.default_name(self.stem)

    @property
    def content(self) -> str | bytes:
        """The path, or the bytes of what is no file; raises BadInput when they cannot be had."""
        return self.given if self.path else self._source().data

    def resolve(self, target: str, importer: str) -> tuple[str, bytes] | None:
        """Return name and bytes of what is imported as TARGET from elsewhere, None when that is nowhere."""
        key = (target, importer)
        if key not in self._held.imports:
            find = self._source().resolve
            if find is None:
                return None
            url, data = find(target, importer)
            self._held.imports[key] = collection.url_name(url), data
        return self._held.imports[key]

    def fetched(self) -> dict[str, bytes]:
        """Return what was read from elsewhere, the template first, by name."""
        if self.path:
            return {}
        return {self.name: self._source().data, **dict(self._held.imports.values())}

    def copy(self) -> Copy:
        """Return what a deployment keeps of it, so that later commands see the same bytes without a network.

        A file is kept with the local files that it needs, an archive as it is. A template from elsewhere becomes
        one file: an archive where it imports others. It is made once. Raises BadInput when something cannot be read.
        """
        if self._held.copy is None:
            self._held.copy = self._copied()
        return self._held.copy

    def _copied(self) -> Copy:
        companions = collection.local_files(self)
        if self.path:
            return _of_files(self.path, companions)
        data = self._source().data
        fetched = self.fetched()
        if len(fetched) > 1:
            return _of_bytes(f"{self._safe_stem()}{_ARCHIVE}", collection.pack(self.name, fetched))
        suffix = _ARCHIVE if collection.is_archive(data) else _YAML
        return _of_bytes(f"{self._safe_stem()}{suffix}", data)

    def _source(self) -> fetch.Source:
        if self._held.source is None:
            self._held.source = fetch.read(self.given)
        return self._held.source

    def _file(self) -> PurePosixPath:
        return PurePosixPath(urllib.parse.unquote(urllib.parse.urlsplit(self.name).path))

    def _safe_stem(self) -> str:
        return _UNSAFE.sub("_", self.stem).strip("._")[:100] or "template"


def _of_files(template: Path, companions: list[Path]) -> Copy:
    """Return the files by their path from the directory that holds them all, so that relative paths hold."""
    main, *rest = (Path(os.path.abspath(path)) for path in [template, *companions])
    top = os.path.commonpath([path.parent for path in (main, *rest)])
    try:
        return Copy({path.relative_to(top): path.read_bytes() for path in (main, *rest)}, main.relative_to(top))
    except OSError as error:
        raise BadInput(f"{error.filename} cannot be read: {error.strerror}.") from None


def _of_bytes(name: str, data: bytes) -> Copy:
    files: Mapping[Path, bytes] = {Path(name): data}
    return Copy(files, Path(name))
