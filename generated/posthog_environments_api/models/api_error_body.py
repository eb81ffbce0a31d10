"""ApiErrorBody. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import plain as _plain


class ApiErrorBody(_Struct, forbid_unknown_fields=True, weakref=True):
    """What went wrong; of several mistakes the first. Servers may add keys. Match `type` and `code`, never
    the words.

    Attributes:
        type_: What went wrong, at large. 402, 409 and everything from 500 on are a `server_error`.
        code: What kind of mistake, for programs.
        detail: What went wrong, for people.
        attr: Name of the field, nested ones joined by two underscores.
        extra: More for programs, an object; newer servers alone send it, and for few errors.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    type_: str | None = _field(default=None, name="type")
    code: str | None = None
    detail: str | None = None
    attr: str | None = None
    extra: Any = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> ApiErrorBody:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> ApiErrorBody:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        type_ = pop("type", None)
        code = pop("code", None)
        detail = pop("detail", None)
        attr = pop("attr", None)
        extra = pop("extra", None)
        return cls(
            type_,
            code,
            detail,
            attr,
            extra,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        if self.type_ is not None:
            d["type"] = self.type_
        if self.code is not None:
            d["code"] = self.code
        if self.detail is not None:
            d["detail"] = self.detail
        if self.attr is not None:
            d["attr"] = self.attr
        if self.extra is not None:
            d["extra"] = _plain(self.extra)
        return d

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        return _as_html(self)

    @property
    def additional_keys(self) -> list[str]:
        """Names in `additional_properties`."""
        return list(self.additional_properties)

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
