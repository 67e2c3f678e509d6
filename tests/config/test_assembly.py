# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from pathlib import Path

import pytest

from selfrenew.config import (
    Configuration,
    ConfigurationError,
    assemble,
    load_configuration,
    open_reader,
)
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew.secret import Secret
from selfrenew.transport import NoCardError
from selfrenew_emulator.reader import EmbeddedReader
from selfrenew_emulator.stage import TEST_PASSCODE, EmbeddedStage

PASSCODE = Secret(TEST_PASSCODE)


@pytest.fixture
def configuration(selfrenew_stage: EmbeddedStage) -> Configuration:
    return load_configuration(selfrenew_stage.config_file)


def test_a_configuration_becomes_a_reference_that_renews(
    selfrenew_stage: EmbeddedStage, selfrenew_reader: EmbeddedReader, configuration: Configuration
) -> None:
    with assemble(configuration, reader=selfrenew_reader, clock=selfrenew_stage.clock) as reference:
        outcome = reference.renew(PASSCODE)
    assert set(outcome.new) == {KeyReference.PIV_AUTHENTICATION, KeyReference.DIGITAL_SIGNATURE}


def test_a_reference_renews_to_another_kind_of_key(
    selfrenew_stage: EmbeddedStage, selfrenew_reader: EmbeddedReader, configuration: Configuration
) -> None:
    with assemble(configuration, reader=selfrenew_reader, clock=selfrenew_stage.clock) as reference:
        outcome = reference.renew(PASSCODE, algorithm=Algorithm.P384)
    curves = {certificate.public_key().curve.name for certificate in outcome.new.values()}
    assert curves == {"secp384r1"}


def test_the_profile_of_each_slot_is_the_configured_one(
    selfrenew_stage: EmbeddedStage, selfrenew_reader: EmbeddedReader, configuration: Configuration
) -> None:
    issuers = {}
    with assemble(configuration, reader=selfrenew_reader, clock=selfrenew_stage.clock) as reference:
        for key, certificate in reference.renew(PASSCODE).new.items():
            issuers[key] = certificate.issuer.rfc4514_string()
    assert "Authentication" in issuers[KeyReference.PIV_AUTHENTICATION]
    assert "Signing" in issuers[KeyReference.DIGITAL_SIGNATURE]


def test_an_address_may_say_where_the_profile_goes(
    selfrenew_stage: EmbeddedStage, selfrenew_reader: EmbeddedReader, configuration: Configuration
) -> None:
    url = f"{configuration.ca.url}/{{profile}}"
    ca = replace(
        configuration.ca,
        url=url,
        authentication_profile=f"p/{configuration.ca.authentication_profile}",
        signing_profile=f"p/{configuration.ca.signing_profile}",
    )
    configuration = replace(configuration, ca=ca)
    with assemble(configuration, reader=selfrenew_reader, clock=selfrenew_stage.clock) as reference:
        assert len(reference.renew(PASSCODE).new) == 2


def test_a_reference_signs_in_and_its_notice_names_the_portal(
    selfrenew_stage: EmbeddedStage, selfrenew_reader: EmbeddedReader, configuration: Configuration
) -> None:
    with assemble(configuration, reader=selfrenew_reader, clock=selfrenew_stage.clock) as reference:
        session = reference.session()
        notice = session.sign_in(PASSCODE, lambda roles: roles[0]).notice
        session.end()
    assert notice is not None
    assert notice.url == configuration.portal.url


def test_the_image_transport_finds_a_card_beside_the_configuration(
    selfrenew_stage: EmbeddedStage, configuration: Configuration
) -> None:
    reader = open_reader(configuration)
    assert reader.name == str(selfrenew_stage.folder.card_file)
    with pytest.raises(NoCardError):
        reader.connect()


def test_an_unknown_transport_lists_the_known_ones(configuration: Configuration) -> None:
    unknown = replace(configuration, reader=replace(configuration.reader, transport="telepathy"))
    with pytest.raises(ConfigurationError, match=r"'telepathy'.*Known here: .*image"):
        open_reader(unknown)


def test_a_transport_whose_library_is_missing_says_which(
    configuration: Configuration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "odd-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1\n")
    (installed / "entry_points.txt").write_text("[selfrenew.transports]\nodd = no_such_library:x\n")
    monkeypatch.syspath_prepend(tmp_path)
    odd = replace(configuration, reader=replace(configuration.reader, transport="odd"))
    with pytest.raises(ConfigurationError, match="no_such_library") as refused:
        open_reader(odd)
    assert "smartcard-selfrenew[pcsc]" in str(refused.value)


@pytest.mark.parametrize("table", ["ca", "tls"])
@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nx\n", b"\x00"])
def test_trust_anchors_that_cannot_be_read_are_named_with_their_table(
    configuration: Configuration, tmp_path: Path, table: str, content: bytes | None
) -> None:
    file = tmp_path / "anchors.pem"
    if content is not None:
        file.write_bytes(content)
    settings = replace(getattr(configuration, table), trust_anchors=file)
    with pytest.raises(ConfigurationError, match=rf"{table}\.trust_anchors") as caught:
        assemble(replace(configuration, **{table: settings}))
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_name_that_is_none_is_a_configuration_error(configuration: Configuration) -> None:
    for table in ("ca", "tls"):
        settings = replace(getattr(configuration, table), trust_anchors=Path("a\0b"))
        with pytest.raises(ConfigurationError, match=table):
            assemble(replace(configuration, **{table: settings}))
