# SPDX-License-Identifier: Apache-2.0
import selfrenew.cli
import selfrenew.config


def test_every_exported_name_is_there_and_documented() -> None:
    for package in (selfrenew.config, selfrenew.cli):
        assert package.__doc__
        for name in package.__all__:
            assert getattr(package, name) is not None
        assert sorted(set(package.__all__)) == sorted(package.__all__)
