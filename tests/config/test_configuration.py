# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfrenew.agent import SessionMode
from selfrenew.config import AgentSettings, ConfigurationError, load_configuration
from selfrenew_emulator.stage.configuration import StageUrls, configuration_text

TEXT = configuration_text(
    StageUrls("http://c", "https://c/cmp", "https://m", "https://s", "https://d", "smtp://e"),
    reader={"transport": "image", "location": "alice.card"},
    root="root.pem",
    portal="https://portal.test/urswebapp/?operation=selfRenewSmartcard",
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "selfrenew.toml"
    file.write_text(TEXT)
    return file


def changed(file: Path, old: str, new: str) -> Path:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return file


def refusal(file: Path, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(file, environ)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_what_a_stage_writes_is_read(file: Path) -> None:
    configuration = load_configuration(file)
    assert configuration.reader.transport == "image"
    assert configuration.reader.location == "alice.card"
    assert configuration.ca.url == "https://c/cmp"
    assert configuration.ca.signing_profile == "signing"
    assert configuration.management.url == "https://m"
    assert configuration.spine.url == "https://s"
    assert configuration.portal.url.startswith("https://portal.test/")
    assert "test stage" in configuration.contacts.it


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://c/.well-known/cmp", "https://c/.well-known/cmp/p/signing"),
        ("https://c/.well-known/cmp/", "https://c/.well-known/cmp/p/signing"),
        ("https://c/publicweb/cmp/{profile}", "https://c/publicweb/cmp/signing"),
        ("https://c/{profile}/cmp/", "https://c/signing/cmp/"),
        ("https://c/cmp?profile={profile}", "https://c/cmp?profile=signing"),
    ],
)
def test_a_profile_has_its_place_in_the_cas_address_or_follows_it(
    file: Path, url: str, address: str
) -> None:
    changed(file, 'url = "https://c/cmp"', f'url = "{url}"')
    ca = load_configuration(file).ca
    assert ca.address_of(ca.signing_profile) == address


def test_file_names_are_relative_to_the_file(file: Path) -> None:
    configuration = load_configuration(file)
    assert configuration.tls.trust_anchors == file.parent / "root.pem"
    assert configuration.ca.trust_anchors == file.parent / "root.pem"


def test_an_absolute_file_name_stays(file: Path) -> None:
    configuration = load_configuration(changed(file, '"root.pem"', '"/etc/roots.pem"'))
    assert configuration.ca.trust_anchors == Path("/etc/roots.pem")


def test_profiles_and_contacts_may_be_left_out(file: Path) -> None:
    text, _, _ = file.read_text().partition("[contacts]")
    file.write_text(text.replace('signing_profile = "signing"\n', ""))
    configuration = load_configuration(file)
    assert configuration.ca.signing_profile == "signing"
    assert configuration.contacts.it == "your IT service desk"


def test_the_environment_names_the_file_where_nobody_else_does(file: Path) -> None:
    assert load_configuration(None, {"SELFRENEW_CONFIG": str(file)}).source == file


def test_without_a_file_the_two_ways_to_name_one_are_told() -> None:
    with pytest.raises(ConfigurationError, match=r"--config or SELFRENEW_CONFIG"):
        load_configuration(None, {"SELFRENEW_CONFIG": ""})


@pytest.mark.parametrize(
    ("variable", "path"),
    [
        ("SELFRENEW_READER_LOCATION", "reader.location"),
        ("SELFRENEW_READER_TRANSPORT", "reader.transport"),
        ("SELFRENEW_CA_URL", "ca.url"),
        ("SELFRENEW_CA_SIGNING_PROFILE", "ca.signing_profile"),
        ("SELFRENEW_MANAGEMENT_URL", "management.url"),
        ("SELFRENEW_SPINE_URL", "spine.url"),
        ("SELFRENEW_PORTAL_URL", "portal.url"),
        ("SELFRENEW_CONTACTS_REGISTRATION_AUTHORITY", "contacts.registration_authority"),
    ],
)
def test_the_environment_replaces_each_value(file: Path, variable: str, path: str) -> None:
    configuration = load_configuration(file, {variable: "https://else.where/x"})
    table, _, key = path.partition(".")
    assert getattr(getattr(configuration, table), key) == "https://else.where/x"


def test_an_empty_variable_replaces_nothing(file: Path) -> None:
    assert load_configuration(file, {"SELFRENEW_CA_URL": ""}).ca.url == "https://c/cmp"


def test_no_location_is_one_that_file_and_environment_can_ask_for(file: Path) -> None:
    environ = {"SELFRENEW_READER_LOCATION": ""}
    assert load_configuration(file, environ).reader.location == ""
    emptied = changed(file, 'location = "alice.card"', 'location = ""')
    assert load_configuration(emptied).reader.location == ""


def test_a_file_name_of_the_environment_is_relative_to_where_the_program_started(
    file: Path,
) -> None:
    configuration = load_configuration(file, {"SELFRENEW_TLS_TRUST_ANCHORS": "here.pem"})
    assert configuration.tls.trust_anchors == Path("here.pem")


def test_the_environment_stands_in_for_a_missing_value(file: Path) -> None:
    changed(file, 'url = "https://s"', "")
    assert "spine.url" in refusal(file)
    assert load_configuration(file, {"SELFRENEW_SPINE_URL": "https://x"}).spine.url == "https://x"


def test_a_missing_value_is_named_with_its_variable(file: Path) -> None:
    text = refusal(changed(file, 'url = "https://m"', ""))
    assert "management.url" in text
    assert "SELFRENEW_MANAGEMENT_URL" in text


def test_an_unknown_key_is_named_beside_the_known_ones(file: Path) -> None:
    text = refusal(changed(file, "transport =", "transprot ="))
    assert "transprot" in text
    assert "Known: transport, location" in text


def test_an_unknown_table_is_named_beside_the_known_ones(file: Path) -> None:
    text = refusal(changed(file, "[spine]", "[spien]"))
    assert "spien" in text
    assert "reader, ca, management, spine, tls, portal, agent, contacts" in text


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('url = "https://s"', 'url = "http://s"', "spine.url has to be an https address"),
        ('url = "https://m"', 'url = "http://m"', "management.url has to be an https address"),
        ('url = "https://s"', 'url = "s"', "spine.url has to be an https address"),
        ('url = "https://c/cmp"', 'url = "ftp://c"', "ca.url has to be an http or https address"),
        ('url = "https://s"', 'url = "https://[1"', "spine.url is no address"),
        ('url = "https://s"', 'url = "https://s:99999"', "spine.url is no address"),
        ('url = "https://s"', "url = 7", "spine.url has to be a text, not 7"),
        ('url = "https://s"', 'url = ""', "spine.url has to be a text"),
        ('"root.pem"', '"~nobody-of-that-name/root.pem"', "names nobody's folder"),
    ],
)
def test_a_value_that_will_not_do_is_named_with_its_reason(
    file: Path, old: str, new: str, told: str
) -> None:
    assert told in refusal(changed(file, old, new))


def test_plain_http_is_enough_for_cmp_which_protects_itself(file: Path) -> None:
    environ = {"SELFRENEW_CA_URL": "http://127.0.0.1:8080/.well-known/cmp"}
    assert load_configuration(file, environ).ca.url == environ["SELFRENEW_CA_URL"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_password_in_an_address_is_refused_and_not_repeated(file: Path, scheme: str) -> None:
    text = refusal(file, {"SELFRENEW_SPINE_URL": f"{scheme}://me:h1dden@spine"})
    assert "SELFRENEW_SPINE_URL must not hold" in text
    assert "h1dden" not in text


@pytest.mark.parametrize(
    "content", [b"[reader", b"\xff\xfe", b"a = " + b"[" * 100_000, b"a = 1\na = 2"]
)
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.toml"
    file.write_bytes(content)
    assert f"{file} is no TOML" in refusal(file)


def test_a_table_that_is_none_is_named(tmp_path: Path) -> None:
    file = tmp_path / "flat.toml"
    file.write_text("reader = 1")
    assert "reader is no table" in refusal(file)


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    assert f"Reading the configuration {tmp_path / name} failed" in refusal(tmp_path / name)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80))
def test_any_bytes_are_a_configuration_or_a_named_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "any.toml"
    file.write_bytes(content)
    refusal(file)


def test_an_agent_has_the_usual_port_and_ends_sessions_with_the_card(file: Path) -> None:
    agent = load_configuration(file).agent
    assert (agent.port, agent.session) == (43485, SessionMode.CIS1)


def test_port_and_kind_of_session_are_read_from_file_and_environment(file: Path) -> None:
    file.write_text(TEXT + '[agent]\nport = 0\nsession = "cis2"\n')
    assert load_configuration(file).agent == AgentSettings(0, SessionMode.CIS2)
    environ = {"SELFRENEW_AGENT_PORT": "5", "SELFRENEW_AGENT_SESSION": "cis1"}
    assert load_configuration(file, environ).agent == AgentSettings(5, SessionMode.CIS1)


@pytest.mark.parametrize("port", ["65536", "-1", "true", '"x"', '""', "1.5", '"\\u0663"'])
def test_what_is_no_port_is_refused(file: Path, port: str) -> None:
    file.write_text(TEXT + f"[agent]\nport = {port}\n")
    assert "agent.port has to be a port" in refusal(file)


def test_another_kind_of_session_names_the_known(file: Path) -> None:
    file.write_text(TEXT + '[agent]\nsession = "cis3"\n')
    assert "has to be 'cis1' or 'cis2', not 'cis3'" in refusal(file)


def test_the_patience_with_a_ca_is_read_from_file_and_environment(file: Path) -> None:
    assert load_configuration(file, {}).ca.patience_seconds == 180
    environ = {"SELFRENEW_CA_PATIENCE_SECONDS": "7"}
    assert load_configuration(file, environ).ca.patience_seconds == 7


@pytest.mark.parametrize("seconds", ["-1", "soon", "86401", "1.5"])
def test_what_is_no_number_of_seconds_is_refused(file: Path, seconds: str) -> None:
    environ = {"SELFRENEW_CA_PATIENCE_SECONDS": seconds}
    with pytest.raises(ConfigurationError, match="a number of seconds, 0 to 86400, not"):
        load_configuration(file, environ)
