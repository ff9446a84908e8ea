# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud service archives (TOSCA 1.3, section 6): a template and its imports in one ZIP file.

Members are read one by one, by name, within bounds, and nothing is unpacked to a disk here: only `artifacts.archives`
does that, for playbooks that run. An archive is hostile.

A member `urls/NAME` is what lies at a URL, so that an archive can carry what its template imports from the web; NAME
is the URL as `url_name` gives it, percent-encoded whole. Errors call such a member by its URL.
"""

from __future__ import annotations

import hashlib
import io
import posixpath
import re
import stat
import struct
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import MAX_BYTES, Document, parse, place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.external import is_role, operations
from ansible_collections.indigo.paas.plugins.module_utils.tosca.imports import URL
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.topology import OperationCall, Topology

MAX_ARCHIVE = 50_000_000
MAX_UNPACKED = 200_000_000
MAX_MEMBERS = 5000
_MAGIC = b"PK\x03\x04"
_META = ("TOSCA-Metadata/TOSCA.meta", "TOSCA.meta")
_YAML = (".yaml", ".yml")
_URLS = "urls/"
_URL = re.compile(r"https?://[!-~]+\Z", re.IGNORECASE)
# Every file of an archive that is made here has this date, the first that ZIP knows.
_DATE = (1980, 1, 1, 0, 0, 0)
# What Python's zipfile raises for damaged archives.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


def is_archive(data: bytes) -> bool:
    """Say whether bytes begin as a ZIP file does."""
    return data.startswith(_MAGIC)


def is_archive_file(path: str) -> bool:
    """Say whether a file begins as a ZIP file does; what cannot be read does not."""
    try:
        with open(path, "rb") as stream:
            return stream.read(len(_MAGIC)) == _MAGIC
    except (OSError, ValueError):
        return False


def read_archive(path: str) -> bytes:
    """Return the bytes of an archive; TemplateError when it is too large or cannot be read."""
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_ARCHIVE + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise TemplateError(f"cannot read this file: {reason}", file=path, hint="Check its permissions.") from error
    return data


def open_document(data: bytes, name: str, report: Report | None = None) -> tuple[Document, Archive]:
    """Return the template in an archive, and the archive, which finds its imports; TemplateError when there is none.

    `report` is that of `document.parse`.
    """
    archive = Archive(data, name)
    entry = archive.entry()
    file = archive.file_name(entry)
    return Document(parse(archive.read(entry), file, report), file), archive


def read_member(source: str | bytes, name: str, file: str) -> bytes | None:
    """Return the part of an archive that errors call `file`; None when it, or the archive, is none.

    `source` is a path or bytes, `name` how errors call the archive. TemplateError when it cannot be read.
    """
    if not (is_archive(source) if isinstance(source, bytes) else is_archive_file(source)):
        return None
    archive = Archive(source if isinstance(source, bytes) else read_archive(source), name)
    return archive.find(file)


def pack(entry: str, files: Mapping[str, bytes]) -> bytes:
    """Return an archive of files that lie at URLs, by these URLs; `entry` is that of the template.

    The same files give the same bytes. TemplateError when they are more than an archive may hold.
    """
    meta = f"TOSCA-Meta-File-Version: 1.1\nCSAR-Version: 1.1\nEntry-Definitions: {_member(entry)}\n"
    members = {_META[0]: meta.encode(), **{_member(url): files[url] for url in sorted(files)}}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, data)
    data = stream.getvalue()
    Archive(data, entry)
    return data


def url_name(url: str) -> str:
    """Return a URL as messages and archives name it: without user and password, a digest in place of its query.

    Each of them may hold a secret. ValueError when it is no URL.
    """
    parts = urllib.parse.urlsplit(url)
    digest = hashlib.sha256(parts.query.encode("utf-8", "surrogatepass")).hexdigest()[:8] if parts.query else ""
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", digest))


def _member(url: str) -> str:
    return _URLS + urllib.parse.quote(url, safe="")


class Archive:
    """The members of an archive by their path, checked; `name` is how errors call it.

    An archive is the resolver of the imports in it (see `imports`).
    """

    def __init__(self, data: bytes, name: str) -> None:
        self.name = name
        if len(data) > MAX_ARCHIVE:
            raise self._error(
                f"larger than {MAX_ARCHIVE // 1_000_000} MB, which is the limit", "Leave out what is large."
            )
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            self._members = self._checked(self._zip.infolist())
        except _DAMAGED as error:
            raise self._error(f"this is no ZIP archive: {_one_line(error)}", "Make it again with `zip`.") from error

    def entry(self) -> str:
        """Return the member that is the template: what TOSCA.meta names, else the only YAML file at the top."""
        meta = self._meta()
        if meta is not None:
            return self._entry_of(meta)
        found = [path for path in self._members if "/" not in path and path.lower().endswith(_YAML)]
        if len(found) != 1:
            many = f"{len(found)} YAML files at its top" if found else "no YAML file at its top"
            hint = "Keep one there, or name it in TOSCA-Metadata/TOSCA.meta as `Entry-Definitions: file.yaml`."
            raise self._error(f"the archive has {many} and no TOSCA.meta", hint)
        return found[0]

    def read(self, path: str) -> bytes:
        """Return one member; TemplateError when it is larger than a template may be, or damaged."""
        info = self._members[path]
        try:
            with self._zip.open(info) as stream:
                data = stream.read(MAX_BYTES + 1)
        except _DAMAGED as error:
            raise TemplateError(
                f"this part of the archive is damaged: {_one_line(error)}",
                file=self.file_name(path),
                hint="Make the archive again with `zip`.",
            ) from error
        return data

    def file_name(self, path: str) -> str:
        """Return how errors call a member."""
        url = urllib.parse.unquote(path.removeprefix(_URLS)) if path.startswith(_URLS) else ""
        return url if _URL.match(url) else f"{self.name}/{path}"

    def files(self) -> dict[str, bytes]:
        """Return all members by path."""
        return {path: self.read(path) for path in self._members}

    def find(self, file: str) -> bytes | None:
        """Return the member that errors call `file`, None when there is none."""
        path = next((path for path in self._members if self.file_name(path) == file), None)
        return None if path is None else self.read(path)

    def __call__(self, target: str, importer: str) -> tuple[str, bytes] | None:
        """Return name and bytes of the member that another one imports, None when there is none."""
        path = self.member(target, importer)
        return (self.file_name(path), self.read(path)) if path is not None else None

    def check_head(self, document: Document, report: Report) -> None:
        """Report a template that does not say what it is, when no TOSCA.meta does (TOSCA 1.3, 6.3)."""
        metadata = document.data.get("metadata")
        said = {*document.data, *(metadata if isinstance(metadata, Mapping) else ())}
        if self._meta() is None and not said >= {"template_name", "template_version"}:
            message = "the archive has no TOSCA.meta, and its template no template_name and template_version"
            report.add("nameless-archive", message, place(document.data), "Write them under `metadata:`.")

    def check_implementations(self, topology: Topology, report: Report) -> None:
        """Report what implements an operation by a path and is not in the archive."""
        for node, call in operations(topology):
            if self._is_missing(call):
                file = call.implementation[:200]
                message = f"'{file}', which implements '{call.name}' of '{node.name}', is not in the archive"
                hint = "Add it, beside the file that names it or by its path from the top of the archive."
                report.add("missing-file", message, call.at, hint)

    def _is_missing(self, call: OperationCall) -> bool:
        named_here = call.at.file is not None and call.at.file.startswith(f"{self.name}/")
        if not named_here or is_role(call.implementation) or URL.match(call.implementation):
            return False
        return self.member(call.implementation, call.at.file or "") is None

    def member(self, target: str, importer: str) -> str | None:
        """Return the member that a file of the archive, or one that was fetched with it, means by a path or URL."""
        return next((path for path in self._candidates(target, importer) if path in self._members), None)

    def _meta(self) -> str | None:
        return next((path for path in _META if path in self._members), None)

    def _candidates(self, target: str, importer: str) -> Iterator[str]:
        """Yield the members that an import may mean: at its URL, else beside the importer, else from the top."""
        is_inside = importer.startswith(f"{self.name}/")
        try:
            yield _member(url_name(target if is_inside else urllib.parse.urljoin(importer, target)))
        except ValueError:
            return
        if is_inside:
            inside = importer.removeprefix(f"{self.name}/")
            yield posixpath.normpath(posixpath.join(posixpath.dirname(inside), target))
            yield posixpath.normpath(target)

    def _entry_of(self, meta: str) -> str:
        fields = dict(_fields(self.read(meta).decode("utf-8", "replace")))
        entry = fields.get("entry-definitions")
        if entry is None:
            raise self._error(f"'{meta}' does not name the template", "Write `Entry-Definitions: file.yaml` in it.")
        path = posixpath.normpath(entry)
        if path not in self._members:
            hint = "Correct Entry-Definitions, a path from the top of the archive."
            raise self._error(f"'{meta}' names '{entry[:200]}', which is not in the archive", hint)
        return path

    def _checked(self, infos: list[zipfile.ZipInfo]) -> Mapping[str, zipfile.ZipInfo]:
        if len(infos) > MAX_MEMBERS:
            raise self._error(f"the archive has more than {MAX_MEMBERS} files", "Leave out what no import names.")
        if sum(info.file_size for info in infos) > MAX_UNPACKED:
            limit = f"{MAX_UNPACKED // 1_000_000} MB"
            raise self._error(f"the files of the archive are larger than {limit}", "Leave out what is large.")
        members: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            self._check_member(info)
            if info.is_dir():
                continue
            path = posixpath.normpath(info.filename)
            if path in members:
                raise self._error(f"'{_one_line(path)}' is in the archive twice", "Make the archive again.")
            members[path] = info
        self._refuse_nested(members)
        return members

    def _refuse_nested(self, members: Mapping[str, zipfile.ZipInfo]) -> None:
        """Raise TemplateError for a file that should be the directory of another one as well."""
        for path in members:
            upper = next((str(each) for each in PurePosixPath(path).parents if str(each) in members), None)
            if upper is not None:
                message = f"'{_one_line(upper)}' is a file in the archive, and '{_one_line(path)}' lies in it"
                raise self._error(message, "Rename one of them.")

    def _check_member(self, info: zipfile.ZipInfo) -> None:
        name = info.filename
        shown = _one_line(name)
        if not name:
            raise self._error("a file in the archive has no name", "Make the archive again with `zip`.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self._error(f"'{shown}' is packed in a way that is not read here", "Make the archive with `zip`.")
        if name.startswith("/") or "\\" in name or ".." in name.split("/") or ":" in name.split("/")[0]:
            raise self._error(f"'{shown}' points out of the archive", "Make the archive of relative paths.")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise self._error(f"'{shown}' is a symbolic link", "Put the file itself into the archive.")
        if info.flag_bits & 1:
            raise self._error(f"'{shown}' is encrypted", "Make the archive without a password.")

    def _error(self, message: str, hint: str) -> TemplateError:
        return TemplateError(message, file=self.name, hint=hint)


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Yield the `Name: value` lines of a TOSCA.meta."""
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            yield key.strip().lower(), value.strip()


def _one_line(text: Any) -> str:
    return " ".join(str(text).split())[:200]
