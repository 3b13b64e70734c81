"""Where a catalog's bytes lie: a folder, or an object store through pyarrow or fsspec."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from py_rt.errors import DataError

__all__ = ["Store", "open_store"]


class Store(Protocol):
    """What a catalog needs of a place: whole files by name, each replaced in one step."""

    name: str

    def get(self, path: str) -> bytes | None:
        """Return the bytes of a file; None when it is not there."""

    def open(self, path: str) -> IO[bytes] | None:
        """Open a file for reading here and there; None when it is not there."""

    def put(self, path: str, content: bytes) -> None:
        """Write or replace a file: afterwards all of it is there, or, after a crash, the old."""

    def remove(self, path: str) -> None:
        """Delete a file; nothing happens when it is gone."""

    def names(self, folder: str) -> list[str]:
        """List the files below a folder."""

    def locked(self) -> Any:
        """Hold off other writers while the context lasts, where the place can do that."""


def open_store(path: str | Path, filesystem: Any = None) -> Store:
    """Return the store of a folder, of a URL such as s3://bucket/prefix, or of a file system.

    Raises
    ------
    DataError
        The URL's scheme needs something that is not installed.
    """
    text = os.fspath(path)
    if filesystem is None and "://" not in text:
        return _Folder(Path(text).expanduser())
    import pyarrow as pa
    import pyarrow.fs as pafs

    if filesystem is None:
        try:
            filesystem, text = pafs.FileSystem.from_uri(text)
        except pa.ArrowInvalid:
            filesystem, text = _by_fsspec(text)
    elif not isinstance(filesystem, pafs.FileSystem):
        filesystem = pafs.PyFileSystem(pafs.FSSpecHandler(filesystem))
    return _Remote(filesystem, text.rstrip("/"), os.fspath(path))


def _by_fsspec(url: str) -> tuple[Any, str]:
    import pyarrow.fs as pafs

    try:
        import fsspec

        system, root = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise DataError(
            f"{url} cannot be opened: {error}",
            field="path",
            remedy="pip install fsspec and the package of that store, or pass filesystem=",
        ) from None
    return pafs.PyFileSystem(pafs.FSSpecHandler(system)), root


class _Folder:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.name = str(root)

    def get(self, path: str) -> bytes | None:
        try:
            return (self.root / path).read_bytes()
        except FileNotFoundError:
            return None

    def open(self, path: str) -> IO[bytes] | None:
        try:
            return (self.root / path).open("rb")
        except FileNotFoundError:
            return None

    def put(self, path: str, content: bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def remove(self, path: str) -> None:
        (self.root / path).unlink(missing_ok=True)

    def names(self, folder: str) -> list[str]:
        found = (self.root / folder).rglob("*")
        return sorted(p.relative_to(self.root).as_posix() for p in found if p.is_file())

    @contextmanager
    def locked(self) -> Iterator[None]:
        import fcntl

        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise DataError(
                    f"another process writes to the catalog {self.root}",
                    field="path",
                    remedy="wait until it is done",
                ) from None
            yield


class _Remote:
    def __init__(self, system: Any, root: str, name: str) -> None:
        self.system, self.root, self.name = system, root, name

    def get(self, path: str) -> bytes | None:
        try:
            with self.system.open_input_stream(f"{self.root}/{path}") as stream:
                content: bytes = stream.read()
                return content
        except FileNotFoundError:
            return None

    def open(self, path: str) -> IO[bytes] | None:
        try:
            file: IO[bytes] = self.system.open_input_file(f"{self.root}/{path}")
        except FileNotFoundError:
            return None
        return file

    def put(self, path: str, content: bytes) -> None:
        target = f"{self.root}/{path}"
        self.system.create_dir(target.rpartition("/")[0], recursive=True)
        with self.system.open_output_stream(target) as stream:
            stream.write(content)

    def remove(self, path: str) -> None:
        try:
            self.system.delete_file(f"{self.root}/{path}")
        except FileNotFoundError:
            return

    def names(self, folder: str) -> list[str]:
        import pyarrow.fs as pafs

        where = pafs.FileSelector(f"{self.root}/{folder}", allow_not_found=True, recursive=True)
        entries = self.system.get_file_info(where)
        cut = len(self.root) + 1
        return sorted(e.path[cut:] for e in entries if e.type == pafs.FileType.File)

    @contextmanager
    def locked(self) -> Iterator[None]:
        yield
