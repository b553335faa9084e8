"""Downloads from a server on loopback that stalls, cuts off, lies, redirects and floods."""

import gzip
import hashlib
import http.server
import shutil
import ssl
import struct
import subprocess
import threading
import urllib.request

import numpy as np
import pytest

from gan_lowlevel import system
from gan_lowlevel.data import download, mnist
from gan_lowlevel.errors import Exit, Failure

NAME = "train-labels-idx1-ubyte.gz"
CONTENT = bytes(range(256)) * 20  # 5,120 bytes
CAP = 10_000  # bytes that a test's source accepts
FLOOD = 64 * 2**20  # bytes that /flood/ would send to whoever reads them


class Handler(http.server.BaseHTTPRequestHandler):
    """What a mirror does is its folder: /good/NAME, /stall/NAME, ..."""

    def do_GET(self):
        kind, name = self.path.strip("/").split("/")
        self.server.asked.append(kind)
        getattr(self, kind)(self.server.files.get(name, b""))

    def _send(self, content, length=None):
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(content)

    def good(self, content):
        self._send(content, len(content))

    def no_length(self, content):
        self._send(content)

    def stall(self, content):
        self.server.released.wait(30)  # before a word is said

    def stall_in_body(self, content):
        self._send(content[:100], len(content))
        self.wfile.flush()
        self.server.released.wait(30)

    def cut(self, content):
        self._send(content[:100], len(content))

    def cut_no_length(self, content):
        self._send(content[:100])

    def corrupt(self, content):
        self._send(bytes([content[0] ^ 1]) + content[1:], len(content))

    def forbidden(self, content):
        self.send_error(403)

    def lost(self, content):
        self.send_error(404)

    def babble(self, content):
        self.wfile.write(b"no HTTP at all\r\n\r\n")

    def flood(self, content):
        self._send(b"")
        while self.server.flooded < FLOOD:  # the client's leaving ends it earlier, with an OSError
            self.wfile.write(bytes(65536))
            self.server.flooded += 65536

    def _redirect(self, url):
        self.send_response(302)
        self.send_header("Location", url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def moved(self, content):
        self._redirect(self.path.replace("moved", "good"))

    def to_file(self, content):
        self._redirect(self.server.secret.as_uri())  # it holds the wanted bytes: only the scheme is wrong

    def to_ftp(self, content):
        self._redirect("ftp://127.0.0.1:1/" + NAME)

    def to_https(self, content):
        self._redirect("https://127.0.0.1:1/" + NAME)

    def to_http(self, content):
        self._redirect("http://127.0.0.1:1/" + NAME)

    def in_circles(self, content):
        self._redirect(self.path)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # a client that leaves is what some tests are about


@pytest.fixture
def server(tmp_path, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "*")
    server = Server(("127.0.0.1", 0), Handler)
    server.files = {NAME: CONTENT}
    server.asked = []
    server.flooded = 0
    server.released = threading.Event()
    server.secret = tmp_path / "secret"
    server.secret.write_bytes(CONTENT)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()  # also waits for the handlers' threads


def source(server, *kinds: str, **facts) -> download.Source:
    """Mirrors of these kinds, the files' own hashes, and no patience."""
    sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in server.files.items()}
    common = {"sha256": sha256, "scheme": "http", "timeout": 5.0, "max_bytes": CAP, "rounds": 1, "pause": 0.0}
    mirrors = [f"http://127.0.0.1:{server.server_address[1]}/{kind}/" for kind in kinds]
    return download.Source(**{"mirrors": mirrors} | common | facts)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "new" / "mnist"


def refusal(folder, source) -> str:
    with pytest.raises(Failure) as caught:
        download.fetch([NAME], folder, source)
    assert caught.value.code == Exit.DATA
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", ["good", "no_length", "moved"])
def test_a_file_arrives_whole(server, folder, kind):
    download.fetch([NAME], folder, source(server, kind))
    assert [path.name for path in folder.iterdir()] == [NAME]
    assert (folder / NAME).read_bytes() == CONTENT


FAULTS = {  # what the mirror does, and what is said of it
    "stall": "timeout, nothing came for 0.2 s",
    "stall_in_body": "timeout, nothing came for 0.2 s",
    "cut": "cut off after 100 of 5,120 bytes",
    "cut_no_length": "100 bytes of another content (SHA-256 ",
    "corrupt": "5,120 bytes of another content (SHA-256 ",
    "forbidden": "403 Forbidden",
    "lost": "404 Not Found",
    "babble": "no HTTP at all",
    "flood": "more than the 10,000 bytes that are accepted",
    "to_file": "secret",
    "to_ftp": "redirect to ftp://127.0.0.1:1/train-labels-idx1-ubyte.gz refused",
    "to_https": "redirect to https://127.0.0.1:1/train-labels-idx1-ubyte.gz refused",  # this source's scheme is http
    "in_circles": "302",
}


def patience(kind: str) -> dict[str, float]:
    return {"timeout": 0.2} if "stall" in kind else {}


@pytest.mark.parametrize("kind", FAULTS)
def test_the_second_mirror_stands_in(server, folder, kind):
    download.fetch([NAME], folder, source(server, kind, "good", **patience(kind)))
    assert (folder / NAME).read_bytes() == CONTENT
    assert [path.name for path in folder.iterdir()] == [NAME]
    assert server.asked[0] == kind
    assert server.asked[-1] == "good"


@pytest.mark.parametrize(("kind", "words"), FAULTS.items())
def test_without_a_good_mirror_nothing_is_left_and_each_answer_is_told(server, folder, kind, words):
    sentence = refusal(folder, source(server, "lost", kind, **patience(kind)))
    lost, other = (f"http://127.0.0.1:{server.server_address[1]}/{each}/" for each in ("lost", kind))
    assert sentence.startswith(f"no mirror gave {NAME} ({lost}: 404 Not Found")
    assert words in sentence.partition(f"{other}: ")[2]
    assert f"put {', '.join(download.SHA256)} into {folder} by hand" in sentence
    assert all(mirror in sentence for mirror in download.MIRRORS)
    assert list(folder.iterdir()) == []


def test_nobody_there_is_told(server, folder):
    gone = Server(("127.0.0.1", 0), Handler)
    gone.server_close()  # its port is free again: a connection is refused
    nobody = f"http://127.0.0.1:{gone.server_address[1]}/"
    sentence = refusal(folder, download.Source(mirrors=[nobody], scheme="http", rounds=1))
    assert f"({nobody}: [" in sentence  # [Errno 111] on Linux, [WinError 10061] on Windows


@pytest.mark.parametrize("kind", ["moved", "good"])
def test_by_https_alone_unless_a_test_says_otherwise(server, folder, kind):
    sentence = refusal(folder, source(server, kind, scheme="https"))
    assert "https is wanted" in sentence
    assert server.asked == []


@pytest.fixture
def certified(server, tmp_path):
    """The server over TLS, with a certificate that nobody has signed but itself."""
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return certificate


@pytest.mark.parametrize(
    ("host", "trusted", "words"),
    [("localhost", False, "self-signed certificate"), ("127.0.0.1", True, "IP address mismatch"),
     ("localhost", True, None)],
)  # fmt: skip
def test_over_https_the_certificate_is_verified(server, certified, folder, monkeypatch, host, trusted, words):
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certified))
    mirror = f"https://{host}:{server.server_address[1]}/good/"
    wanted = source(server, scheme="https", mirrors=[mirror])
    if words:
        assert words in refusal(folder, wanted)
        assert server.asked == []
    else:
        download.fetch([NAME], folder, wanted)
        assert (folder / NAME).read_bytes() == CONTENT


@pytest.mark.parametrize(("kind", "words"), [("to_http", "refused"), ("to_file", "not allowed"), ("to_ftp", "refused")])
def test_no_redirect_leaves_https(server, certified, folder, monkeypatch, kind, words):
    monkeypatch.setenv("SSL_CERT_FILE", str(certified))
    mirror = f"https://localhost:{server.server_address[1]}/{kind}/"
    assert words in refusal(folder, source(server, scheme="https", mirrors=[mirror]))
    assert server.asked == [kind]


def test_connecting_and_reading_have_the_timeout(server, folder, monkeypatch):
    timeouts = []
    director = urllib.request.OpenerDirector
    opened = director.open
    monkeypatch.setattr(
        director, "open", lambda self, url, timeout: timeouts.append(timeout) or opened(self, url, timeout=timeout)
    )
    download.fetch([NAME], folder, source(server, "lost", "good", timeout=3.5))
    assert timeouts == [3.5, 3.5]


def test_a_flood_is_cut(server, folder):
    refusal(folder, source(server, "flood"))
    server.shutdown()
    server.server_close()  # waits for the handler, whose client has left
    assert server.flooded < FLOOD


@pytest.mark.parametrize(("cap", "accepted"), [(len(CONTENT), True), (len(CONTENT) - 1, False)])
def test_the_cap_is_the_last_size_that_is_accepted(server, folder, cap, accepted):
    if accepted:
        download.fetch([NAME], folder, source(server, "good", max_bytes=cap))
    else:
        assert "more than the 5,119 bytes" in refusal(folder, source(server, "good", max_bytes=cap))


def test_each_mirror_is_tried_twice_and_the_pause_lies_between(server, folder, monkeypatch):
    pauses = []
    monkeypatch.setattr(download.time, "sleep", pauses.append)
    refusal(folder, source(server, "lost", "forbidden", rounds=2, pause=1.5))
    assert server.asked == ["lost", "forbidden", "lost", "forbidden"]
    assert pauses == [1.5]


def test_what_the_program_itself_uses():
    assert download.MNIST.mirrors == download.MIRRORS
    assert download.MNIST.sha256 == download.SHA256
    assert download.MNIST.scheme == "https"
    assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in download.MIRRORS)
    assert (download.MNIST.timeout, download.MNIST.rounds, download.MNIST.max_bytes) == (10, 2, 20_000_000)


def test_what_is_said_before_and_after(server, folder, capsys):
    download.fetch([NAME], folder, source(server, "good"))
    host = f"127.0.0.1:{server.server_address[1]}"
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [f"Downloading 1 file of MNIST into {folder} from {host} ...", f"{NAME}: 5,120 bytes"]


def test_a_terminal_sees_a_bar(server, folder, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    download.fetch([NAME], folder, source(server, "good"))
    err = capsys.readouterr().err
    assert f"{NAME}: 100%" in err
    assert "5,120 bytes" not in err


@pytest.mark.parametrize("when", ["reading", "replacing"])
def test_ctrl_c_leaves_nothing(server, folder, monkeypatch, when):
    def interrupt(*args):
        raise KeyboardInterrupt

    if when == "reading":
        monkeypatch.setattr(download.tqdm, "update", interrupt)
    else:
        monkeypatch.setattr(system.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        download.fetch([NAME], folder, source(server, "good"))
    assert list(folder.iterdir()) == []


def test_an_old_file_outlives_a_failed_download(server, folder):
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(b"old")
    refusal(folder, source(server, "corrupt"))
    assert (folder / NAME).read_bytes() == b"old"


def test_a_disk_that_refuses_is_no_mirrors_fault(server, folder, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(system, "write_atomically", full)
    with pytest.raises(OSError, match="No space left"):
        download.fetch([NAME], folder, source(server, "good", "good"))
    assert server.asked == ["good"]  # the other mirror is not asked


def test_a_new_folder_is_filled_and_loaded(server, folder):
    images = struct.pack(">4I", 2051, 2, 28, 28) + bytes(range(2)) * 784
    labels = struct.pack(">2I", 2049, 2) + bytes([3, 4])
    server.files = {name: gzip.compress(images if "images" in name else labels) for name in mnist.FILES}
    got = mnist.load(str(folder), download=True, source=source(server, "lost", "good"))
    assert got.labels.tolist() == [3, 4]
    assert np.array_equal(got.images.ravel(), np.tile([0, 1], 784))
    assert sorted(path.name for path in folder.iterdir()) == sorted(mnist.FILES)
    server.asked.clear()
    mnist.load(str(folder), download=True, source=source(server, "good"))
    assert server.asked == []  # all four are there
