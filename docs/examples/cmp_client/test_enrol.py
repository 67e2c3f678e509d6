# SPDX-License-Identifier: Apache-2.0
"""Tests of the client against a CA of its own, which runs on the machine's clock as it does."""

import shutil
from datetime import UTC, datetime

import pytest
from cryptography import x509
from enrol import Device, EnrolmentError

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")


@pytest.fixture
def stage(selfrenew_make_stage):
    return selfrenew_make_stage(clock=lambda: datetime.now(UTC))


@pytest.fixture
def device(stage, tmp_path):
    shutil.copyfile(stage.root_file, tmp_path / "root.pem")
    return Device(tmp_path, "infusion pump 7", stage.urls.cmp_http)


def state(stage, path):
    return stage.ca.status_of(x509.load_pem_x509_certificate(path.read_bytes())).state.value


def test_a_device_gets_a_certificate_and_the_next_one(stage, device, tmp_path):
    first = device.enrol(stage.enrolment.reference, stage.folder.enrolment_secret_file)
    kept = first.rename(tmp_path / "first.pem")
    shutil.copyfile(kept, first)
    assert state(stage, kept) == "valid"
    second = device.renew()
    assert state(stage, kept) == "superseded"
    assert state(stage, second) == "valid"


def test_a_wrong_secret_gets_nothing_and_leaves_no_key(stage, device, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("not the secret")
    with pytest.raises(EnrolmentError):
        device.enrol(stage.enrolment.reference, wrong)
    assert not list(tmp_path.glob("*7.key"))
