"""MNIST's four files from their mirrors: no long wait, bounded in size, held to their published SHA-256."""

import dataclasses
import hashlib
import http.client
import pathlib
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence

from tqdm import tqdm

from gan_lowlevel import system
from gan_lowlevel.errors import Exit, Failure

# They serve the files byte for byte as yann.lecun.com published them; that site itself answers 403 now.
MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
SHA256 = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
UNZIPPED_SHA256 = {
    "train-images-idx3-ubyte.gz": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte.gz": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte.gz": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte.gz": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@dataclasses.dataclass(frozen=True)
class Source:
    """Where files come from and what is accepted. A test points `mirrors` to its own server, and allows its scheme."""

    mirrors: Sequence[str] = MIRRORS  # each ends with a slash
    sha256: Mapping[str, str] = dataclasses.field(default_factory=lambda: SHA256)  # of each file, by name
    unzipped_sha256: Mapping[str, str] = dataclasses.field(default_factory=lambda: UNZIPPED_SHA256)
    scheme: str = "https"  # of mirrors, and of whatever they redirect to
    timeout: float = 10.0  # seconds, to connect and for any one read
    patience: float = 600.0  # seconds for a whole file, however it drips
    max_bytes: int = 20_000_000  # of a file; the largest has 9,912,422
    rounds: int = 2  # times that each mirror is tried
    pause: float = 1.0  # seconds between rounds


MNIST = Source()


class _Refused(Exception):
    """What a mirror sent is not the file; the text says why."""


class _SameScheme(urllib.request.HTTPRedirectHandler):
    """Follows a redirect within one scheme; urllib would go from https to http and ftp too."""

    def __init__(self, scheme: str):
        self._scheme = scheme

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if urllib.parse.urlsplit(newurl).scheme != self._scheme:
            raise urllib.error.HTTPError(req.full_url, code, f"redirect to {newurl} refused", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _open(url: str, source: Source) -> http.client.HTTPResponse:
    """The answer at `url`; over https its certificate is verified."""
    if urllib.parse.urlsplit(url).scheme != source.scheme:
        raise _Refused(f"{source.scheme} is wanted")
    certified = urllib.request.HTTPSHandler(context=ssl.create_default_context())
    return urllib.request.build_opener(certified, _SameScheme(source.scheme)).open(url, timeout=source.timeout)


def by_hand(directory: pathlib.Path) -> str:
    """What to do without a download, as the end of a sentence."""
    return f"put {', '.join(SHA256)} into {directory} by hand, from {' or '.join(MIRRORS)}"


def fetch(names: Sequence[str], directory: pathlib.Path, source: Source = MNIST) -> None:
    """Fetch the named files into `directory`, which is made if it is missing; says so on standard error.

    Raises Failure(DATA) where no mirror gives a file, and OSError where the disk refuses it. A file appears
    whole or not at all, also over Ctrl-C.
    """
    host = urllib.parse.urlsplit(source.mirrors[0]).netloc
    files = "1 file" if len(names) == 1 else f"{len(names)} files"
    print(f"Downloading {files} of MNIST into {directory} from {host} ...", file=sys.stderr, flush=True)
    directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        content = _fetch_one(name, directory, source)
        system.write_atomically(directory / name, content)
        if not sys.stderr.isatty():  # a terminal has seen the bar
            print(f"{name}: {len(content):,} bytes", file=sys.stderr, flush=True)


def _fetch_one(name: str, directory: pathlib.Path, source: Source) -> bytes:
    """One file from the first mirror that has it."""
    answers = {}  # the last one of each mirror
    for attempt in range(source.rounds):
        if attempt:
            time.sleep(source.pause)
        for mirror in source.mirrors:
            try:
                return _read(mirror + name, source)
            except (_Refused, OSError, http.client.HTTPException, ValueError) as error:  # ValueError: a malformed URL
                answers[mirror] = _in_words(error, source.timeout)
                print(f"{mirror}{name}: {answers[mirror]}", file=sys.stderr, flush=True)
    told = "; ".join(f"{mirror}: {answer}" for mirror, answer in answers.items())
    raise Failure(Exit.DATA, f"no mirror gave {name} ({told}): try again later, or {by_hand(directory)}.")


def _read(url: str, source: Source) -> bytes:
    """The body at `url`, at most max_bytes of it, with the SHA-256 that its name wants."""
    name = url.rpartition("/")[2]
    content = bytearray()
    began = time.monotonic()
    with _open(url, source) as response:
        # disable=None: no bar where standard error is no terminal.
        with tqdm(total=response.length, desc=name, unit="B", unit_scale=True, disable=None) as bar:
            while chunk := response.read1(65536):  # read1 returns what has come; each wait for more has the timeout
                content += chunk
                bar.update(len(chunk))
                if time.monotonic() - began > source.patience:
                    raise _Refused(f"too slow, {len(content):,} bytes in {source.patience:g} s")
                if len(content) > source.max_bytes:
                    raise _Refused(f"more than the {source.max_bytes:,} bytes that are accepted")
        if response.length:  # what the header promised and is still to come
            raise _Refused(f"cut off after {len(content):,} of {len(content) + response.length:,} bytes")
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != source.sha256[name]:
        raise _Refused(f"{len(content):,} bytes of another content (SHA-256 {sha256}, wanted {source.sha256[name]})")
    return bytes(content)


def _in_words(error: Exception, timeout: float) -> str:
    """A mirror's answer in one line; parts of it are the server's own text, of any length and content."""
    reason = getattr(error, "reason", error)  # a URLError wraps what happened
    if isinstance(reason, TimeoutError):
        return f"timeout, nothing came for {timeout:g} s"
    words = str(reason) or type(reason).__name__
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        words = f"{error.code} {words}"
    printable = "".join(character if character.isprintable() else " " for character in words)
    return " ".join(printable.split())[:200]
