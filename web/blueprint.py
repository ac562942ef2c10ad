"""The blueprint of all API routes: flask-smorest's, with our reading of bodies, and with types."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask_smorest import Blueprint
from typing_extensions import override

from web.parsing import StrictParser

ViewT = TypeVar("ViewT", bound=Callable[..., Any])


class ApiBlueprint(Blueprint):  # type: ignore[misc]  # flask-smorest has no types.
    """A group of routes that stand in the OpenAPI document."""

    ARGUMENTS_PARSER = StrictParser()

    @override
    def route(self, rule: str, **options: Any) -> Callable[[ViewT], ViewT]:
        """Serve a view at a rule."""
        decorator: Callable[[ViewT], ViewT] = super().route(rule, **options)
        return decorator

    @override
    def arguments(self, schema: Any, **options: Any) -> Callable[[ViewT], ViewT]:
        """Hand the view what the schema makes of the body or the query, as its next argument."""
        decorator: Callable[[ViewT], ViewT] = super().arguments(schema, **options)
        return decorator

    @override
    def response(
        self, status_code: int, schema: Any = None, **options: Any
    ) -> Callable[[ViewT], ViewT]:
        """Make the answer of what the view returns."""
        decorator: Callable[[ViewT], ViewT] = super().response(status_code, schema, **options)
        return decorator

    @override
    def alt_response(
        self, status_code: int, schema: Any = None, **options: Any
    ) -> Callable[[ViewT], ViewT]:
        """Document another answer."""
        options.setdefault("success", False)
        decorator: Callable[[ViewT], ViewT] = super().alt_response(
            status_code, schema=schema, **options
        )
        return decorator

    @override
    def doc(self, **content: Any) -> Callable[[ViewT], ViewT]:
        """Add to the OpenAPI document what the other decorators cannot say."""
        decorator: Callable[[ViewT], ViewT] = super().doc(**content)
        return decorator
