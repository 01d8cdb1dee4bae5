"""One reading of `REDIS_URL` for the store and for Celery's broker."""

import ssl

import pytest
from kombu.utils.url import parse_url
from redis.connection import parse_url as redis_options

from newsletter.errors import SettingsError
from newsletter.redis_address import RedisAddress


@pytest.mark.parametrize(
    ("options", "verification", "checks_name"),
    [
        ("", "required", True),
        ("?ssl_cert_reqs=CERT_REQUIRED", "required", True),
        ("?ssl_cert_reqs=required", "required", True),
        ("?ssl_cert_reqs=CERT_OPTIONAL", "optional", True),
        ("?ssl_cert_reqs=none", "none", False),
        ("?ssl_cert_reqs=CERT_NONE", "none", False),
        ("?ssl_check_hostname=false", "required", False),
    ],
)
def test_store_and_broker_verify_alike(options: str, verification: str, checks_name: bool) -> None:
    """In Celery's spelling or in redis-py's; where nothing is said both verify."""
    address = RedisAddress.read(f"rediss://:secret@host:6380/2{options}")
    store, broker = redis_options(address.for_store), parse_url(address.for_broker)
    assert (store["ssl_cert_reqs"], store["ssl_check_hostname"]) == (verification, checks_name)
    assert broker["ssl"] == {
        "ssl_cert_reqs": getattr(ssl, f"CERT_{verification.upper()}"),
        "ssl_check_hostname": checks_name,
    }
    assert (store["host"], store["port"], store["db"], store["password"]) == ("host", 6380, 2, "secret")
    assert (broker["hostname"], broker["port"], broker["virtual_host"]) == ("host", 6380, "2")
    assert broker["password"] == "secret"


@pytest.mark.parametrize(
    ("url", "store", "broker"),
    [
        ("redis://host", "redis://host", "redis://host"),
        ("redis://host/?db=3", "redis://host/?db=3", "redis://host/3"),
        ("unix:///run/a@b.sock", "unix:///run/a@b.sock", "redis+socket:///run/a@b.sock?virtual_host=0"),
        ("unix:///r.sock?db=3", "unix:///r.sock?db=3", "redis+socket:///r.sock?virtual_host=3"),
        ("redis://[::1]:6379/0", "redis://[::1]:6379/0", "redis://[::1]:6379/0"),
        ("redis://u:p%2Fq@host/0", "redis://u:p%2Fq@host/0", "redis://u:p%2Fq@host/0"),
    ],
)
def test_both_use_the_same_server_and_database(url: str, store: str, broker: str) -> None:
    """Whichever way the database is named."""
    address = RedisAddress.read(url)
    assert (address.for_store, address.for_broker) == (store, broker)


@pytest.mark.parametrize("character", ["/", "?", "#", "%", "[", " "])
def test_a_password_that_is_not_encoded_is_refused_without_being_shown(character: str) -> None:
    """A piece of it would be taken for the host."""
    with pytest.raises(SettingsError, match="percent-encoded") as refused:
        RedisAddress.read(f"redis://:pa{character}ss@host:6379/0")
    assert "ss@" not in str(refused.value)
    assert "pa" + character not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "host:6379",
        "redis://",
        "http://host",
        "redis://host/news",
        "redis://host:port/0",
        "redis://host:99999",
    ],
)
def test_what_is_no_address_is_refused_with_an_example(url: str) -> None:
    """Before anything connects."""
    with pytest.raises(SettingsError, match="Write redis://"):
        RedisAddress.read(url)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("rediss://host?ssl_cert_reqs=maybe", "required, optional or none"),
        ("redis://host?ssl_cert_reqs=none", "rediss://"),
        ("rediss://host?ssl_ca_certs=/nowhere.pem", "not a file"),
    ],
)
def test_options_of_tls_are_checked(url: str, fault: str) -> None:
    """A misspelt one must not mean that nothing is verified."""
    with pytest.raises(SettingsError, match=fault):
        RedisAddress.read(url)
