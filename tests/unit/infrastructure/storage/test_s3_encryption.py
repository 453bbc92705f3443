"""Which responses of S3 confirm the encryption that it was asked for."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ticket_export.infrastructure.storage.s3.encryption import confirms

_ARN = "arn:aws:kms:eu-central-1:123456789012:key/0123-4567"


def kms(key: str) -> Mapping[str, str]:
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ({}, {}),
        ({}, kms(_ARN)),
        ({"ServerSideEncryption": "AES256"}, {"ServerSideEncryption": "AES256"}),
        ({"ServerSideEncryption": "aws:kms"}, kms(_ARN)),
        (kms(_ARN), kms(_ARN)),
        (kms("0123-4567"), kms(_ARN)),
        (kms(_ARN), kms("0123-4567")),
        (kms("desk"), kms("arn:aws:kms:desk")),
        (kms("alias/desk"), kms(_ARN)),
        (kms("arn:aws:kms:eu-central-1:123456789012:alias/desk"), kms(_ARN)),
    ],
)
def test_response_that_names_the_algorithm_and_the_key_confirms(
    request_: Mapping[str, object], answer: Mapping[str, object]
) -> None:
    assert confirms(request_, answer)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ({"ServerSideEncryption": "AES256"}, {}),
        ({"ServerSideEncryption": "AES256"}, {"ServerSideEncryption": ""}),
        ({"ServerSideEncryption": "AES256"}, kms(_ARN)),
        ({"ServerSideEncryption": "aws:kms"}, {"ServerSideEncryption": "AES256"}),
        (kms(_ARN), {"ServerSideEncryption": "aws:kms"}),
        (kms("alias/desk"), {"ServerSideEncryption": "aws:kms"}),
        (kms("4567"), kms(_ARN)),
        (kms(_ARN), kms(_ARN.replace("eu-central-1", "us-east-1"))),
        (kms("0123-4567"), {"ServerSideEncryption": "AES256", "SSEKMSKeyId": "0123-4567"}),
    ],
)
def test_every_other_response_does_not(request_: Mapping[str, object], answer: Mapping[str, object]) -> None:
    assert not confirms(request_, answer)
