"""What every class that learns from a customer base has in common."""

from __future__ import annotations

import inspect
from typing import Any, Self

from evergreen.errors import InvalidInputError, NotFittedError


class Estimator:
    """Settings by keyword, learned values with a trailing underscore, as scikit-learn users know it.

    A setting is a keyword of the constructor, stored unchanged under its own name. ``fit`` learns; nothing else
    changes the object. ``sklearn.base.clone`` works, and scikit-learn is not needed for it.
    """

    @classmethod
    def _setting_names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002, FBT001, FBT002 - scikit-learn's signature
        """Return the settings by name.

        Parameters
        ----------
        deep : bool
            Taken for scikit-learn's sake; settings here have no settings of their own.

        Returns
        -------
        dict of str to object
        """
        return {name: getattr(self, name) for name in self._setting_names()}

    def set_params(self, **settings: Any) -> Self:
        """Change settings and return the object; learned values stay until the next ``fit``.

        Parameters
        ----------
        **settings
            New values by name.

        Returns
        -------
        Estimator
            The object itself.

        Raises
        ------
        InvalidInputError
            If there is no setting of that name.
        """
        names = self._setting_names()
        for name in settings:
            if name not in names:
                raise InvalidInputError.not_allowed("setting", name, names)
        for name, value in settings.items():
            setattr(self, name, value)
        return self

    def _require(self, learned: str, wanted: str) -> None:
        """Raise a clear error unless ``fit`` has set the learned attribute."""
        if not hasattr(self, learned):
            raise NotFittedError.of(self, wanted)

    def __repr__(self) -> str:
        """Return the constructor call that makes this object, with the settings that are not the default."""
        usual = {name: setting.default for name, setting in inspect.signature(type(self).__init__).parameters.items()}
        given = {name: value for name, value in self.get_params().items() if value != usual[name]}
        settings = ", ".join(f"{name}={value!r}" for name, value in given.items())
        return f"{type(self).__name__}({settings})"
