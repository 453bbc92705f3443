"""A container on in-memory adapters whose metrics a test reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

import attrs
from dependency_injector.providers import Factory
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, Metric, NumberDataPoint, Sum

from tests.unit.application.use_cases.help_desk import HelpDesk
from tests.unit.application.use_cases.watched_adapters import WatchedSource
from ticket_export import Settings, TicketExportContainer

#: The values of one metric: by the value of its one attribute, or by "" if it has none.
Values: TypeAlias = dict[str, float]


@attrs.define
class MeasuredDesk:
    desk: HelpDesk = attrs.field(factory=lambda: HelpDesk(max_attempts=2))
    setting: Literal["none", "opentelemetry"] = "opentelemetry"
    reader: InMemoryMetricReader = attrs.field(factory=InMemoryMetricReader)
    container: TicketExportContainer = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        desk = self.desk
        settings = Settings(
            metrics=self.setting, max_attempts=desk.max_attempts, max_active_jobs_per_user=0, history_days=1
        )
        self.container = TicketExportContainer(
            settings=settings,
            unit_of_work=Factory(desk.unit_of_work),
            clock=desk.clock,
            machine_clock=desk.clock,
            user_directory=desk.users,
            storage=desk.storage,
            former_storages=(),
            audit_log=desk.audit_log,
            events=desk.events,
            task_queue=desk.queue,
            ticket_source=Factory(WatchedSource, desk),
        )
        self.container.meter_provider.override(MeterProvider([self.reader], shutdown_on_exit=False))

    def metrics(self) -> Iterator[Metric]:
        """What an exporter would send now."""
        read = self.reader.get_metrics_data()
        for resource in read.resource_metrics if read else ():
            for scope in resource.scope_metrics:
                assert scope.scope.name == "ticket_export"
                yield from scope.metrics

    def values(self, name: str) -> Values:
        """The values of a gauge, the sums of a counter except zero, or the numbers of observations of a histogram."""
        return {
            "".join(map(str, (point.attributes or {}).values())): point.count
            if isinstance(point, HistogramDataPoint)
            else point.value
            for metric in self.metrics()
            if metric.name == name
            for point in metric.data.data_points
            if isinstance(point, HistogramDataPoint)
            or (isinstance(point, NumberDataPoint) and (point.value or not isinstance(metric.data, Sum)))
        }

    def seconds(self, name: str) -> Values:
        """The sums of a histogram."""
        points = [point for metric in self.metrics() if metric.name == name for point in metric.data.data_points]
        return {
            "".join(map(str, (point.attributes or {}).values())): point.sum
            for point in points
            if isinstance(point, HistogramDataPoint)
        }
