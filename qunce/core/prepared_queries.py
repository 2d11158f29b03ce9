"""Query sets whose SQL is built once, for what many members ask at the same moment.

    _BY_KEY = PreparedQuery(lambda: Community.objects.filter(key=Param("key")))
    community = _BY_KEY.first(key="shop")

Django takes five times as long to build a statement as the database to answer it. Values
are passed as the database stores them: microseconds for a timestamp, and an id for a
foreign key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from django.db import connections, models
from django.db.models.expressions import Expression
from django.db.models.query import get_related_populators

Row = TypeVar("Row", bound=models.Model)
USING = "default"


class Param(Expression):
    """The place of a value that is given with each call."""

    def __init__(self, name: str) -> None:
        any_field: models.Field[Any, Any] = models.Field()
        super().__init__(output_field=any_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", [self]


class Ids(Param):
    """The place of ids after `__in`. They stand in the statement, however many they are."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return self.marker, []

    @property
    def marker(self) -> str:
        return f"(/*{self.name}*/)"


def _join(ids: Sequence[int]) -> str:
    return f"({','.join(str(int(each)) for each in ids) or 'NULL'})"


class _Statement(Generic[Row]):
    """What Django makes of a query set: the statement, and how its rows become objects."""

    def __init__(self, query_set: models.QuerySet[Row]) -> None:
        # What Django's own iteration does before it executes the statement.
        compiler: Any = query_set.query.get_compiler(using=USING)
        self.sql, self.params = compiler.as_sql()
        select, described = compiler.select, compiler.klass_info
        fields = described["select_fields"]
        self.start, self.end = fields[0], fields[-1] + 1
        self.names = [each[0].target.attname for each in select[self.start : self.end]]
        self.model = described["model"]
        get_populators: Any = get_related_populators
        self.populators = get_populators(described, select, USING)
        self.annotations = list(compiler.annotation_col_map.items())
        converters = compiler.get_converters([each[0] for each in select])
        self.converters = list(converters.items())

    def load(self, found: Sequence[Any], connection: Any) -> Row:
        row = list(found)
        for place, (convert, expression) in self.converters:
            for each in convert:
                row[place] = each(row[place], expression, connection)
        loaded: Row = self.model.from_db(USING, self.names, row[self.start : self.end])
        for populator in self.populators:
            populator.populate(row, loaded)
        for name, place in self.annotations:
            setattr(loaded, name, row[place])
        return loaded


class PreparedQuery(Generic[Row]):
    """A query set with a Param for each value that differs from call to call.

    `make` is called when it is first used. Everything of a query set of objects works but
    `prefetch_related`.
    """

    def __init__(self, make: Callable[[], models.QuerySet[Row]]) -> None:
        self.make = make
        self._by_vendor: dict[str, _Statement[Row]] = {}

    def all(self, **values: Any) -> list[Row]:
        """The rows for these values; an Ids takes a sequence of integers."""
        connection = connections[USING]
        statement = self._by_vendor.get(connection.vendor)
        if statement is None:
            statement = self._by_vendor[connection.vendor] = _Statement(self.make())
        sql = statement.sql
        for name, value in values.items():
            if isinstance(value, (list, tuple)):
                sql = sql.replace(Ids(name).marker, _join(value))
        params = [
            values[each.name] if isinstance(each, Param) else each
            for each in statement.params
        ]
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            found = cursor.fetchall()
        return [statement.load(row, connection) for row in found]

    def first(self, **values: Any) -> Row | None:
        """The first of the rows, None without any."""
        for row in self.all(**values):
            return row
        return None
