"""What a developer reads once everything answers."""

from collections.abc import Sequence

from local.pool import label_of
from local.settings import PUBLIC_KEY, SECRET_KEY, Settings
from local.template import Function


def banner(settings: Settings, functions: Sequence[Function], seconds: float) -> str:
    """Routes, keys, addresses and three requests to paste. The last line is ``ready URL``, for programs too."""
    lines: list[str] = [""]
    for function in functions:
        lines.append(f"{label_of(function)}  ({function.memory} MB, {function.timeout} s)")
        lines += [f"  {route.method or '*':<7} {route.path}" for route in function.routes]
        lines += [f"  {'queue':<7} {trigger.queue.rpartition(':')[2]}" for trigger in function.queues]
        lines += [f"  {'stream':<7} {trigger.stream.split('/')[1]}" for trigger in function.streams]
        lines += [f"  {'rate':<7} every {trigger.seconds} s" for trigger in function.schedules]
    keys = f"-H 'x-api-key: {PUBLIC_KEY}' -H 'x-api-secret: {SECRET_KEY}'"
    post = f"curl -X POST {keys} -H 'content-type: application/json'"
    connection = f"{settings.public_url}/v1/connections/ashby/demo"
    create = '{"operations":["genericContact::list","genericContact::retrieve"]}'
    authorize = '{"settings":{"apiKey":"ashby_local_full"}}'
    contacts = f"'{settings.public_url}/v1/resources/genericContact?limit=3'"
    lines += [
        "",
        f"api      {settings.public_url}   docs {settings.public_url}/docs",
        f"keys     public {PUBLIC_KEY}, secret {SECRET_KEY}",
        f"sandbox  {settings.sandbox_url}   (Ashby)",
        f"aws      {settings.aws_url}",
        *([f"receiver {settings.receiver_url}   (webhooks; its lines are below)"] if settings.receiver_url else []),
        "",
        "Connect a customer, then read its candidates:",
        f"  {post} {connection} -d '{create}'",
        f"  {post} {connection}/authorization -d '{authorize}'",
        f"  curl {keys} -H 'x-connector-id: ashby' -H 'x-owner-id: demo' {contacts}",
        "",
        f"started in {seconds:.1f} s; Ctrl-C ends it",
        f"ready {settings.public_url}",
    ]
    return "\n".join(lines)
