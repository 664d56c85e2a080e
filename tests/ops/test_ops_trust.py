"""Over https: whom Parapet trusts, and as whom it comes, against a real Alertmanager that asks for certificates."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.artifacts.servers import LOOPBACK, free_port, installed, running

from parapet import Parapet, Tls, Wiring
from parapet.cli.main import main
from parapet.core.errors import ConfigurationError, DeliveryFailed
from parapet.core.transport import Request, UrllibTransport
from parapet.ops.alertmanager import Alertmanager
from parapet.ops.prometheus import Prometheus
from parapet.ops.reconcile import PEER_PREFIX
from parapet.testing import ManualClock

WEB = """
tls_server_config:
  cert_file: certificate.pem
  key_file: key.pem
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: certificate.pem
"""
QUIET = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a certificate that vouches for itself, and its key."""
    made = tmp_path_factory.mktemp("trust")
    subprocess.run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {made / 'key.pem'} "
        f"-out {made / 'certificate.pem'} -days 2 -subj /CN=localhost -addext subjectAltName=IP:{LOOPBACK}".split(),
        check=True,
        capture_output=True,
    )
    return made


@pytest.fixture(scope="module")
def trusted(folder: Path) -> Tls:
    """Whom to trust, and who we are."""
    mine, key = str(folder / "certificate.pem"), str(folder / "key.pem")
    return Tls(ca_file=mine, certificate_file=mine, key_file=key)


@pytest.fixture(scope="module")
def peer(folder: Path, trusted: Tls) -> Iterator[str]:
    """The address of a real Alertmanager that lets in whoever has the certificate."""
    program = installed("prometheus-alertmanager", "prometheus-alertmanager", "alertmanager")
    (folder / "alertmanager.yml").write_text(QUIET)
    (folder / "web.yml").write_text(WEB)
    port = free_port()
    words = [
        program,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={LOOPBACK}:{port}",
        f"--web.config.file={folder / 'web.yml'}",
        "--cluster.listen-address=",
    ]
    url = f"https://{LOOPBACK}:{port}"
    with running(words, lambda: Alertmanager([url], tls=trusted).ask().answered, folder / "alertmanager.log"):
        yield url


@pytest.mark.real
def test_who_is_trusted_and_known_is_answered(peer: str, trusted: Tls) -> None:
    """A server that nobody vouches for has said nothing, and one that does not know us says nothing."""
    assert Alertmanager([peer], tls=trusted).ask().answered == (peer,)
    assert Alertmanager([peer]).ask().silent.keys() == {peer}
    assert Alertmanager([peer], tls=Tls(ca_file=trusted.ca_file)).ask().silent.keys() == {peer}
    with pytest.raises(DeliveryFailed):
        Prometheus(peer).now("up")
    with pytest.raises(DeliveryFailed, match="status 404"):
        Prometheus(peer, tls=trusted).now("up")  # it is none, and it answers


@pytest.mark.real
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_wiring_says_whom_to_trust(peer: str, trusted: Tls, evidence_url: str) -> None:
    """The worker asks as it says, each minute."""
    clock, told = ManualClock(), []
    for tls in (None, trusted):
        wiring = Wiring(alertmanager_urls=(peer,), tls=tls)
        shop = Parapet(service="shop", evidence=evidence_url, wiring=wiring, clock=clock)
        shop.tick()
        clock.advance(61)
        with shop.store.read() as tx:
            told.append(tx.heartbeats.last(PEER_PREFIX) is not None)
        shop.store.close()
    assert told == [False, True]


@pytest.mark.real
def test_a_renewed_certificate_is_read_again(peer: str, trusted: Tls, tmp_path: Path) -> None:
    """What is missing or no certificate is a failure with the file's name; what was renewed needs no restart."""
    renewed = tmp_path / "ours.pem"
    transport = UrllibTransport(tls=Tls(ca_file=trusted.ca_file, certificate_file=str(renewed)))
    request = Request(method="GET", url=f"{peer}/-/ready")
    with pytest.raises(DeliveryFailed, match=r"ours\.pem"):
        transport.send(request)
    renewed.write_text("no certificate")
    with pytest.raises(DeliveryFailed, match="unreadable"):
        transport.send(request)
    with renewed.open("wb") as whole:
        for part in (trusted.certificate_file, trusted.key_file):
            with Path(str(part)).open("rb") as read:
                shutil.copyfileobj(read, whole)
    assert transport.send(request).status == 200


def test_a_key_needs_its_certificate() -> None:
    """Half of it is refused where it is written."""
    with pytest.raises(ConfigurationError, match="certificate_file is missing"):
        Tls(key_file="/etc/parapet/key.pem")


@pytest.mark.real
def test_the_command_line_says_whom_to_trust_and_who_we_are(
    peer: str, trusted: Tls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it what the application says holds; a key alone is refused before anybody is asked."""
    (tmp_path / "trusting.py").write_text(
        "from parapet import Parapet, Tls, Wiring\n"
        f"plain = Parapet(service='shop', wiring=Wiring(prometheus_url={peer!r}))\n"
        f"wired = Parapet(service='shop', wiring=Wiring(prometheus_url={peer!r}, tls={trusted!r}))\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    ours = [f"--ca-file={trusted.ca_file}", f"--client-cert={trusted.certificate_file}"]

    def said(app: str, *words: str) -> str:
        asked = CliRunner().invoke(main, ["slo", "backtest", f"--app=trusting:{app}", *words])
        assert asked.exit_code != 0
        return asked.output

    assert "certificate verify failed" in said("plain")
    assert "status 404" not in said("plain", ours[0])
    answered = "status 404"  # it is no Prometheus, and it answers
    assert answered in said("plain", *ours, f"--client-key={trusted.key_file}")
    assert answered in said("wired")
    assert "--client-cert" in said("wired", f"--client-key={trusted.key_file}")
