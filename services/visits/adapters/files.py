"""Files beside the database, in a folder or a bucket; sealed with the deployment's key: who reads the disk sees nothing."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from services.visits.domain.errors import AttachmentNotFound, FilesUnavailable
from services.visits.settings import VisitsSettings
from shared.privacy import Sealer
from shared.runtime import Runtime

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

BUCKET = "s3://"
# somebody stands at a door and waits: rather told soon, and sent again
PATIENCE: "ClientConfig" = {
    "connect_timeout": timedelta(seconds=5),
    "timeout": timedelta(seconds=20),
    "allow_http": True,  # of a keeper beside us: what is sent is sealed, and signed without its secret
}
RETRIES: "RetryConfig" = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}


class Files:
    """`where` is a folder, or `s3://bucket/prefix` with what else is needed in AWS_* variables."""

    def __init__(self, where: str, sealer: Sealer) -> None:
        self._folder = None if where.startswith(BUCKET) else Path(where).resolve()
        self._where = where
        self._sealer = sealer
        self._opened: ObjectStore | None = None

    def _store(self) -> ObjectStore:
        """Opened when it is first needed: a service that keeps no files needs no folder."""
        if self._opened is None:
            if self._folder is None:
                self._opened = from_url(self._where, client_options=PATIENCE, retry_config=RETRIES)
            else:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._opened = LocalStore(self._folder)
        return self._opened

    async def keep(self, name: str, content: bytes) -> None:
        """It is on the disk, or with the bucket's keeper, when this returns. Raises FilesUnavailable."""
        with _errors_as_ours():
            await obstore.put_async(self._store(), name, self._sealer.seal_bytes(content))
            if self._folder is not None:
                await asyncio.to_thread(_flush, self._folder / name)

    async def read(self, name: str) -> bytes:
        """Raises AttachmentNotFound, FilesUnavailable."""
        with _errors_as_ours():
            found = await obstore.get_async(self._store(), name)
            return self._sealer.unseal_bytes(bytes(await found.bytes_async()))

    async def forget(self, name: str) -> None:
        """One that is not there is gone already. Raises FilesUnavailable."""
        try:
            with _errors_as_ours():
                await obstore.delete_async(self._store(), name)
        except AttachmentNotFound:
            return


def files_of(runtime: Runtime) -> Files:
    """Where this process keeps files."""
    if "files" not in runtime.state:
        runtime.state["files"] = Files(runtime.settings_as(VisitsSettings).files, runtime.sealer)
    return cast(Files, runtime.state["files"])


@contextmanager
def _errors_as_ours() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise AttachmentNotFound from error
    except (OSError, BaseError, ValueError) as error:  # ValueError: not sealed by this deployment, or damaged
        raise FilesUnavailable from error


def _flush(path: Path) -> None:
    """A file and its name survive a power cut only after both were written through."""
    for each in (path, path.parent):
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
