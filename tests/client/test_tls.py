"""TLS, certificates of clients, and roles by certificate."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

import pytest
import trustme

import py_rt as rt
from client.serving import SERIES, port_of, server
from py_rt.client import GrpcConfig, TradingGrpcClient

pytestmark = pytest.mark.system


def written(cert: trustme.LeafCert, folder: Path, name: str) -> tuple[Path, Path]:
    chain, key = folder / f"{name}.pem", folder / f"{name}.key"
    chain.write_bytes(b"".join(blob.bytes() for blob in cert.cert_chain_pems))
    key.write_bytes(cert.private_key_pem.bytes())
    return chain, key


def fingerprint(chain: Path) -> str:
    first = chain.read_text(encoding="ascii").split("-----END CERTIFICATE-----")[0]
    der = ssl.PEM_cert_to_DER_cert(first + "-----END CERTIFICATE-----\n")
    return hashlib.sha256(der).hexdigest()


def test_only_known_certificates_get_in_and_only_to_their_calls(tmp_path: Path) -> None:
    authority, stranger = trustme.CA(organization_name="ours"), trustme.CA()
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca)
    chain, key = written(authority.issue_cert("localhost"), tmp_path, "server")
    known = written(authority.issue_cert("research@desk.test"), tmp_path, "known")
    other = written(authority.issue_cert("other@desk.test"), tmp_path, "other")
    foreign = written(stranger.issue_cert("foreign@desk.test"), tmp_path, "foreign")
    access = tmp_path / "access.toml"
    access.write_text(
        f'[[caller]]\nname = "research"\nroles = ["quant"]\n'
        f'certificate_sha256 = "{fingerprint(known[0])}"\n',
        encoding="utf-8",
    )
    options = ("--tls-cert", chain, "--tls-key", key, "--client-ca", ca, "--access", access)
    with server(*map(str, options)) as (_child, ready):
        port = port_of(ready)

        def client(pair: tuple[Path, Path] | None) -> TradingGrpcClient:
            shown = {} if pair is None else {"certificate": pair[0], "key": pair[1]}
            return TradingGrpcClient(GrpcConfig(port=port, ca=ca, max_retries=0, **shown))

        with client(known) as one:
            assert one.calculate_mean_reversion(SERIES)["signal"] in (-1, 0, 1)
            with pytest.raises(rt.AccessDenied, match="research may not call GetOrderBook"):
                one.get_order_book("BTCUSDT")
        with client(other) as one, pytest.raises(rt.AccessDenied, match="knows its callers"):
            one.calculate_mean_reversion(SERIES)
        for pair in (None, foreign):
            with client(pair) as one, pytest.raises(rt.ServerUnavailable):
                one.calculate_mean_reversion(SERIES)
        plain = TradingGrpcClient(GrpcConfig(port=port, max_retries=0))
        with plain, pytest.raises(rt.ServerUnavailable):
            plain.health()


def test_certificates_that_are_none_are_refused(tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("no certificate", encoding="ascii")
    with (
        pytest.raises(AssertionError, match="tls_cert"),
        server("--tls-cert", str(junk), "--tls-key", str(junk)),
    ):
        pass
