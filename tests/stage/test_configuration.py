# SPDX-License-Identifier: Apache-2.0
import tomllib

from selfrenew_emulator.stage.configuration import StageUrls, configuration_text


def test_the_configuration_is_toml_with_every_service_and_the_card() -> None:
    urls = StageUrls("http://c", "https://c", "https://m", "https://s", "https://d", "smtp://e")
    text = configuration_text(
        urls,
        reader={"transport": "image", "location": 'odd "name".card'},
        root="root.pem",
        portal="https://portal.test/",
    )
    tables = tomllib.loads(text)
    assert tables["reader"] == {"transport": "image", "location": 'odd "name".card'}
    assert tables["ca"]["url"] == "https://c"
    assert tables["management"] == {"url": "https://m"}
    assert tables["spine"] == {"url": "https://s"}
    assert tables["tls"] == {"trust_anchors": "root.pem"}
