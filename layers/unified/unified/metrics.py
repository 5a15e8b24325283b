"""Counters for alarms and dashboards, written as CloudWatch's embedded metric format: one log line, no call.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import os
import time


def count(name: str, value: float = 1, **properties: str) -> None:
    """Add ``value`` to the metric ``name`` of this function's service.

    ``properties`` go into the log line and are no dimensions: ids are too many for that, and never a person's data.
    """
    line = {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "UnifiedAshby"),
                    "Dimensions": [["service"]],
                    "Metrics": [{"Name": name, "Unit": "Count"}],
                }
            ],
        },
        "service": os.environ.get("POWERTOOLS_SERVICE_NAME", "unified"),
        name: value,
        **properties,
    }
    print(json.dumps(line), flush=True)  # noqa: T201 - standard output is how a function gives metrics
