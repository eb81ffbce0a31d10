"""Setup of a client: check proxy and verification, open a shared quota, and start the log."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from posthog_environments.errors import ConfigurationError
from posthog_environments.ratelimit.limiter import RateLimiter

if TYPE_CHECKING:
    from posthog_environments.config.settings import Settings
    from posthog_environments.ratelimit.limiter import Pacer

__all__ = ["checked_proxy", "rate_limiter", "start_observing"]


def start_observing(on_event: object, level: str | None) -> None:
    """Check `on_event`, and write the log to standard error if POSTHOG_LOG names a level.

    Raises:
        ConfigurationError: One of them is invalid.
    """
    if on_event is not None:
        from posthog_environments.calls.observe import check_listener

        check_listener(on_event)
    if level:
        from posthog_environments.calls.observe import log_level, log_to_stderr

        log_to_stderr(log_level(level))


def rate_limiter(settings: Settings) -> Pacer:
    """Return the rate limiter of a client: that of a shared quota if the settings name one."""
    if settings.quota is None:
        return RateLimiter()
    from posthog_environments.ratelimit.shared import SharedRateLimiter, name_of
    from posthog_environments.ratelimit.stores import open_store

    return SharedRateLimiter(open_store(settings.quota), functools.partial(name_of, settings))


def checked_proxy(proxy: object, verify: object, host: str, *, trust_env: bool) -> str | None:
    """Check `verify` and `proxy`; return the URL of the proxy, if any.

    Raises:
        ConfigurationError: One of them is invalid.
    """
    import ssl

    if verify is not None and not isinstance(verify, ssl.SSLContext):
        raise ConfigurationError(
            "verify must be an ssl.SSLContext. Verification cannot be switched off; to trust a certificate of your "
            "own, give ssl.create_default_context(cafile=…)."
        )
    if proxy is None and trust_env:
        proxy = _proxy_of_environment(host)
    if proxy is None:
        return None
    # The message leaves out the URL, which may contain a password.
    if not isinstance(proxy, str) or not proxy.startswith(("http://", "https://", "socks5://", "socks5h://")):
        raise ConfigurationError("proxy must be the URL of a proxy, such as http://proxy.example.com:3128.")
    return proxy


def _proxy_of_environment(host: str) -> str | None:
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(host)
    if proxy_bypass(parts.hostname or ""):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")
