"""The commands `summarize serve` (starts the desk) and `summarize desk` (manages keys and exports)."""

from __future__ import annotations

import getpass
import ipaddress
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import AF_INET, AF_INET6, create_server, has_dualstack_ipv6, socket
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

from .. import flags
from ..errors import ClosedError, MissingExtraError, SummarizerError
from ..options import Options
from ..reading import Article
from ..summarizer import Summarizer
from ..summary import Length
from .settings import Settings

if TYPE_CHECKING:
    from .auth import Keys
    from .database import Database
    from .service import Desk

WRONG_USE = 2
_HELP = {"help_option_names": ["-h", "--help"]}
serving = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
managing = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich", no_args_is_help=True,
    help="Manage keys and exports of the editors' desk (summarize serve).",
)  # fmt: skip
_Database = Annotated[
    str, typer.Option("--database", metavar="URL", help="SQLAlchemy URL of the database.", envvar="SUMMARIZE_DATABASE")
]
_DATABASE = "sqlite:///desk.sqlite"


@serving.command(context_settings=_HELP)
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on. 0: any free port.")] = 8000,
    database: _Database = _DATABASE,
    model: Annotated[str, typer.Option("--model", "-m", metavar="NAME", help="Model, as for summarize.")] = "base",
    threads: Annotated[int | None, typer.Option(min=1, help="Cores to use. Default: all.", show_default=False)] = None,
    writer: flags.Writer = None,
    writer_model: flags.WriterModel = "",
    writer_guide: flags.WriterGuide = None,
    writer_fallback: flags.WriterFallback = False,
    disclosure: Annotated[
        str, typer.Option(metavar="TEXT", help="Line for readers of an approved list. {name}: who approved it.")
    ] = Settings.disclosure,
    webhook: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Called when a list is approved or withdrawn. Calls are signed with the "
                     "secret in SUMMARIZE_WEBHOOK_SECRET.", show_default=False),
    ] = None,
    max_request: Annotated[
        int, typer.Option(min=1000, metavar="BYTES", help="Maximum size of a request.")
    ] = Settings.max_request,
    time_limit: Annotated[
        float, typer.Option(metavar="SECONDS", help="Maximum time for one article or check.")
    ] = Settings.seconds,
    max_queue: Annotated[
        int, typer.Option(min=0, metavar="N", help="Maximum number of waiting articles.")
    ] = Settings.max_queue,
    user_header: Annotated[
        str | None,
        typer.Option(metavar="NAME", show_default=False,
                     help="Header in which a proxy such as nginx sends the name of the user whom it has signed in. The "
                     "proxy also handles TLS, and nobody else can reach this port."),
    ] = None,
    editor: Annotated[
        str | None,
        typer.Option(metavar="NAME", show_default=False, help="Your name, on a desk without a proxy. Default: your "
                     "login name."),
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Host name under which the desk is reached. Can be repeated.",
                     show_default=False),
    ] = None,
    load: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", show_default=False,
                     help="Draft the articles (.json, .txt, .html, .md) of a folder, in the background."),
    ] = None,
) -> None:  # fmt: skip
    """Start the editors' desk: an HTTP service with pages, for one newsroom on one machine.

    [bold]Examples[/bold]

      summarize serve                                          (for you, on this machine only)
      summarize serve --user-header X-Desk-User --allowed-host desk.example.org

    By default, all data is in one SQLite file, desk.sqlite. /openapi.json describes the API. Exit code 2: wrong use.
    """
    with _told():
        try:
            import httpx
            import uvicorn

            from .auth import user
            from .service import create_app
        except ImportError as error:
            raise MissingExtraError("the desk", str(error.name), "serve") from error
        if not user_header and (not _loopback(host) or allowed_host):
            raise ValueError(
                "other machines could reach this desk: let a proxy such as nginx handle TLS and sign-in, and name the "
                "header in which it sends the user's name (--user-header); or listen on 127.0.0.1 only, without "
                "--allowed-host"
            )
        if user_header and editor:
            raise ValueError("--editor is the name of the only user; with --user-header the proxy names the users")
        me = user(editor or _login_name()).name
        Options(time_limit=time_limit)  # raises if the limit is out of range
        told = flags.writer_options(writer, writer_model, writer_guide, writer_fallback)
        secret = os.environ.get("SUMMARIZE_WEBHOOK_SECRET", "")
        if webhook and len(secret) < 16:
            raise ValueError("a webhook needs a secret of at least 16 characters in SUMMARIZE_WEBHOOK_SECRET")
        if webhook and httpx.URL(webhook).scheme not in ("http", "https"):
            raise ValueError(f"the webhook must be an http or https URL, not {webhook!r}")
        if load and not load.is_dir():
            raise ValueError(f"there is no folder {load} to load")
        names = ["127.0.0.1", "localhost", "[::1]", host, *(allowed_host or [])]
        settings = Settings(
            database, disclosure, webhook, secret, max_request, time_limit, max_queue,
            user_header=user_header, editor=me,
            hosts=tuple(names) if _loopback(host) or allowed_host else (),
        )  # fmt: skip

        with _socket(host, port) as listening:  # requests wait in its queue until the model is loaded
            shown = f"[{host}]" if ":" in host else host
            address = f"http://{shown}:{listening.getsockname()[1]}"
            print("loading the model …", file=sys.stderr)
            with Summarizer.from_pretrained(model, threads=threads, writer=told) as summarizer:
                app = create_app(settings, summarizer)
                if load:  # in the background: a large folder takes long
                    Thread(target=_load, args=[app.state.desk, load], daemon=True).start()
                who = f"users are named by the proxy in {user_header}" if user_header else f"for {me}, without sign-in"
                about = f"its API is described at {address}/openapi.json; Ctrl+C stops it"
                print(f"the desk is at {address} ({who}); {about}", flush=True)
                config = uvicorn.Config(app, log_config=None, log_level="warning", timeout_graceful_shutdown=10)
                uvicorn.Server(config).run(sockets=[listening])


key_ = typer.Typer(no_args_is_help=True, help="API keys for other systems, such as a CMS.")
managing.add_typer(key_, name="key")


@key_.command("add", context_settings=_HELP)
def add_key(
    name: str,
    scopes: Annotated[str, typer.Option(help="Rights: draft, read, decide; separated by commas.")] = "draft,read",
    database: _Database = _DATABASE,
) -> None:
    """Create a key and print its secret, which is not stored."""
    with _keys(database) as keys:
        print(keys.new(name, scopes))


@key_.command("list", context_settings=_HELP)
def list_keys(database: _Database = _DATABASE) -> None:
    """Print keys and their scopes."""
    with _keys(database) as keys:
        for name, scopes in keys.scopes().items():
            print(f"{name}\t{scopes}")


@key_.command("remove", context_settings=_HELP)
def remove_key(name: str, database: _Database = _DATABASE) -> None:
    """Remove a key."""
    with _keys(database) as keys:
        if not keys.drop(name):
            raise ValueError(f"there is no key {name}")


@managing.command(context_settings=_HELP)
def export(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="JSONL file to write.")],
    database: _Database = _DATABASE,
) -> None:
    """Write all approved lists as JSONL, which can be used as training data."""
    with _opened(database, create=False) as opened:
        from .api import exported
        from .store import Store

        count = 0
        whole = output.with_name(output.name + ".part")
        with whole.open("w", encoding="utf-8") as file:
            for line in exported(Store(opened)):
                file.write(line)
                count += 1
        whole.replace(output)
        print(f"{output}: {count:,} approved lists", file=sys.stderr)


@contextmanager
def _keys(database: str) -> Iterator[Keys]:
    """Opens the keys of a database."""
    with _opened(database) as opened:
        from .auth import Keys

        yield Keys(opened)


@contextmanager
def _opened(database: str, create: bool = True) -> Iterator[Database]:
    with _told():
        file = database.partition("sqlite:///")[2]
        if file and not create and not Path(file).exists():
            raise ValueError(f"there is no database {file}; name the one of the desk with --database")
        try:
            from .database import Database
        except ImportError as error:
            raise MissingExtraError("the desk", str(error.name), "serve") from error
        opened = Database(database)
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def _told() -> Iterator[None]:
    """Prints an error as one line, and exits."""
    try:
        yield
    except (SummarizerError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(WRONG_USE)


def _socket(host: str, port: int) -> socket:
    """Listens at an address.

    Raises:
        ValueError: The address or the port cannot be used.
    """
    try:
        return create_server(
            (host, port),
            family=AF_INET6 if ":" in host else AF_INET,
            dualstack_ipv6=host == "::" and has_dualstack_ipv6(),
        )
    except OSError as error:
        raise ValueError(f"cannot listen on port {port} of {host}: {error.strerror}; choose another --port") from error


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return Settings.editor


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _load(desk: Desk, folder: Path) -> None:
    """Drafts the articles of a folder in both lengths."""
    kinds = (".json", ".txt", ".html", ".md")
    files = [path for path in sorted(folder.iterdir()) if path.suffix in kinds and path.stem.lower() != "readme"]
    drafted = 0
    lengths: tuple[Length, ...] = ("brief", "standard")
    for path in files:
        try:
            article = Article.from_file(path)
            for length in lengths:
                if not desk.store.find(path.stem, article.text, article.title, article.language, length):
                    desk.store.add(desk.summarizer(article, length=length).to_dict(), path.stem, "the desk")
                    drafted += 1
        except ClosedError:
            return
        except SummarizerError as error:
            print(f"{path}: {error}; skipped", file=sys.stderr)
    print(f"{folder}: {drafted} lists drafted", file=sys.stderr)
