"""The URL of a store, the names of its objects, and its place."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_export.errors import ConfigurationError, InvalidKeyError
from ticket_export.infrastructure.storage.bases.location import USER_AT_SERVER, StoreLocation, canonical

_USAGE = "azure://container/prefix"
_KEYS = st.lists(st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,20}", fullmatch=True), min_size=1, max_size=4).map(
    "/".join
)


@pytest.mark.parametrize(
    ("url", "store", "prefix", "options"),
    [
        ("azure://exports", "exports", "", {}),
        ("azure://exports/", "exports", "", {}),
        ("AZURE://exports/a/b/", "exports", "a/b/", {}),
        ("azure://exports/a?endpoint=http%3A%2F%2Fhost", "exports", "a/", {"endpoint": "http://host"}),
        ("azure://exports?endpoint=https://[::1]:9000/a", "exports", "", {"endpoint": "https://[::1]:9000/a"}),
    ],
)
def test_url_names_the_store_the_prefix_and_options(url: str, store: str, prefix: str, options: dict[str, str]) -> None:
    assert StoreLocation.parse(url, usage=_USAGE) == StoreLocation("azure", store, prefix, options)


@pytest.mark.parametrize(
    "url",
    [
        "secret",
        "azure:secret",
        "azure://",
        "azure:///secret",
        "gs://secret",
        "azure://secret@exports",
        "azure://user:secret@exports",
        "azure://exports:443/secret",
        "azure://Secret",
        "azure://..secret",
        "azure://exports?endpoint=https://host:65536",
        "azure://exports?endpoint=https://[:secret]",
        "azure://exports/../secret",
        "azure://exports//secret",
        "azure://exports/secret//",
        "azure://exports/.secret",
        "azure://exports/secret%20",
        "azure://exports/secret#",
        "azure://exports/a#secret",
        "azure://exports/secret?",
        "azure://exports?secret",
        "azure://exports?key=secret",
        "azure://exports?endpoint=",
        "azure://exports?endpoint=secret",
        "azure://exports?endpoint=ftp://secret",
        "azure://exports?endpoint=https://user:secret@host",
        "azure://exports?endpoint=https://host?secret",
        "azure://exports?endpoint=https://host/%3Fsecret",
        "azure://exports?endpoint=https://host%23secret",
        "azure://exports?endpoint=http://secret&endpoint=http://secret",
        "azure://exports?endpoint=http://secret&&",
        "azure://exports?endpoint=secret&endpoint=secret",
        "azure://exports?endpoint=http://host:secret",
        "azure://[secret",
    ],
)
def test_another_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        StoreLocation.parse(url, usage=_USAGE)
    text = str(caught.value)
    assert f"use {_USAGE}," in text
    assert "It may end with ?endpoint=…." in text
    assert "secret" not in text.lower()
    # An error of urllib may quote the URL.
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_endpoint_of_the_setup_is_that_of_a_url_without_one() -> None:
    def parse(url: str) -> StoreLocation:
        return StoreLocation.parse(url, usage=_USAGE, endpoint="https://of-the-setup")

    assert parse("azure://exports").options == {"endpoint": "https://of-the-setup"}
    assert parse("azure://exports?endpoint=http://host").options == {"endpoint": "http://host"}


def test_options_and_their_values_are_those_that_the_store_names() -> None:
    options = {"region": re.compile("[a-z]+"), "profile": re.compile(".+")}

    def parse(url: str) -> StoreLocation:
        return StoreLocation.parse(url, usage=_USAGE, options=options)

    assert parse("azure://exports?profile=a%20b&region=x").options == {"profile": "a b", "region": "x"}
    for refused in ("region=", "region=1", "profile=", "endpoint=x"):
        with pytest.raises(ConfigurationError, match=r"\?region=…&profile=…"):
            parse(f"azure://exports?{refused}")
    with pytest.raises(ConfigurationError) as caught:
        StoreLocation.parse("azure://exports?endpoint=x", usage=_USAGE, options={})
    assert "?" not in str(caught.value)


@pytest.mark.parametrize("server", ["me@host", "me@host:22", "me@10.0.0.1", "me@[::1]:2222", "a_b-c.d@host.example"])
def test_server_with_a_user_is_a_store_of_its_own_form(server: str) -> None:
    location = StoreLocation.parse(f"sftp://{server}/a", usage="sftp://user@host/folder", store=USER_AT_SERVER)
    assert (location.store, location.place()) == (server, f"sftp://{server}/a")


@pytest.mark.parametrize(
    "server", ["host", "me:secret@host", "@host", "me@", "me@host:secret", "me@host:65536", "me@host:123456"]
)
def test_server_without_a_user_or_with_a_password_is_refused(server: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        StoreLocation.parse(f"sftp://{server}", usage="sftp://user@host/folder", store=USER_AT_SERVER)
    assert "secret" not in str(caught.value)


@given(st.none() | _KEYS, _KEYS)
def test_name_is_the_key_behind_the_prefix(prefix: str | None, key: str) -> None:
    location = StoreLocation("gs", "exports", f"{prefix}/" if prefix else "")
    name = location.name(key)
    assert name == (f"{prefix}/{key}" if prefix else key)
    assert location.key(name) == key


@pytest.mark.parametrize("name", ["desk", "desk/", "desks/a", "other/a", "desk/a b", "desk//a", "desk/.a", "desk/a/"])
def test_name_that_the_library_cannot_have_made_has_no_key(name: str) -> None:
    assert StoreLocation("gs", "exports", "desk/").key(name) is None


def test_key_that_is_not_valid_or_too_long_below_the_prefix_is_refused() -> None:
    location = StoreLocation("gs", "exports", "desk/")
    key = "/".join(["x" * 254] * 4)  # 1,019
    assert location.name(key) == f"desk/{key}"
    for refused in (f"{key}x", "../a", ""):
        with pytest.raises(InvalidKeyError):
            location.name(refused)


@pytest.mark.parametrize(
    ("prefix", "endpoint", "place"),
    [
        ("", None, "gs://exports"),
        ("a/b/", None, "gs://exports/a/b"),
        ("a/", "HTTP://Host:80/", "gs://exports/a?endpoint=http://host"),
        ("", "http://[::1]:9000", "gs://exports?endpoint=http://[::1]:9000"),
        ("", "http://host/path&a=b", "gs://exports?endpoint=http://host/path%26a%3Db"),
    ],
)
def test_place_is_a_url_of_the_same_location(prefix: str, endpoint: str | None, place: str) -> None:
    assert StoreLocation("gs", "exports", prefix).place(endpoint) == place
    again = StoreLocation.parse(place, usage="gs://bucket/prefix", options={"endpoint": re.compile(".+")})
    assert (again.store, again.prefix) == ("exports", prefix)
    assert again.place(again.options.get("endpoint")) == place


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://Host:443/", "https://host"),
        ("HTTP://host:80", "http://host"),
        ("http://[::1]:80/", "http://[::1]"),
        ("http://host/a/", "http://host/a"),
    ],
)
def test_spellings_of_one_endpoint_are_the_same(one: str, other: str) -> None:
    assert canonical(one) == canonical(other) == other


@pytest.mark.parametrize("other", ["https://host", "http://host:81", "http://host/a", "http://hosts"])
def test_other_endpoints_are_not_the_same(other: str) -> None:
    assert canonical(other) != canonical("http://host")
