"""What carries requests. Written by scripts/generate.py: do not edit."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn, Self

if TYPE_CHECKING:
    import httpx

__all__ = ["AuthenticatedClient", "Client"]


class Client:
    """Carries requests with httpx.

    Args:
        base_url: Address of the server, such as https://us.posthog.com.
        headers: Further headers of each request.
        timeout: Seconds for each step of a request; there is no way to wait for ever.
        httpx_args: Further arguments of `httpx.Client` and `httpx.AsyncClient`.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60.0,
        httpx_args: Mapping[str, Any] | None = None,
    ) -> None:
        self.base_url = base_url
        self._headers = dict(headers or {})
        self._timeout = timeout
        self._httpx_args = dict(httpx_args or {})
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._async_client: httpx.AsyncClient | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"A {type(self).__name__} holds connections, so it is neither copied nor pickled.")

    def _all_headers(self) -> dict[str, str]:
        return self._headers

    def _arguments(self) -> dict[str, Any]:
        return {
            "base_url": self.base_url,
            "headers": self._all_headers(),
            "timeout": self._timeout,
            "follow_redirects": False,
            **self._httpx_args,
        }

    def set_httpx_client(self, client: httpx.Client) -> Self:
        """Use this httpx client as it is; its address and headers are its own."""
        self._client = client
        return self

    def get_httpx_client(self) -> httpx.Client:
        """Return the httpx client, which is made when it is first asked for."""
        with self._lock:
            if self._client is None:
                import httpx

                self._client = httpx.Client(**self._arguments())
            return self._client

    def set_async_httpx_client(self, client: httpx.AsyncClient) -> Self:
        """Use this async httpx client as it is; its address and headers are its own."""
        self._async_client = client
        return self

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """Return the async httpx client, which is made when it is first asked for."""
        with self._lock:
            if self._async_client is None:
                import httpx

                self._async_client = httpx.AsyncClient(**self._arguments())
            return self._async_client

    def __enter__(self) -> Self:
        self.get_httpx_client().__enter__()
        return self

    def __exit__(self, *args: Any) -> None:
        self.get_httpx_client().__exit__(*args)

    async def __aenter__(self) -> Self:
        await self.get_async_httpx_client().__aenter__()
        return self

    async def __aexit__(self, *args: Any) -> None:
        await self.get_async_httpx_client().__aexit__(*args)


class _Token:
    """A token that does not show in repr or vars."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def header(self) -> str:
        return f"Bearer {self.__value}"

    def __repr__(self) -> str:
        return "***"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A token is neither copied nor pickled.")


class AuthenticatedClient(Client):
    """A client that adds a personal API key to each request. The key shows in no repr."""

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60.0,
        httpx_args: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(base_url, headers=headers, timeout=timeout, httpx_args=httpx_args)
        self._token = _Token(token)

    def _all_headers(self) -> dict[str, str]:
        return {**self._headers, "Authorization": self._token.header()}
