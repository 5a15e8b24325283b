"""``python -m local`` as a developer meets it: it starts, serves, follows the code and leaves nothing behind."""

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.processes import descendants
from tests.e2e.running import ROOT
from tests.e2e.waiting import wait_for

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  PublicUrl: {Type: String}
  AshbyApiUrl: {Type: String}
  AllowedRedirectUrls: {Type: CommaDelimitedList}
  AllowedCorsOrigins: {Type: CommaDelimitedList}
  DeliveryAllowedNetworks: {Type: String}
  LogLevel: {Type: String}
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties: {CorsConfiguration: {AllowOrigins: !Ref AllowedCorsOrigins, AllowMethods: [GET]}}
  Shared: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layers/unified}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
  NotesFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/notes
      Handler: app.handler
      Timeout: 20
      Layers: [!Ref Shared]
      Environment: {Variables: {TABLE_NAME: !Ref Table, URL: !Ref PublicUrl, ASHBY: !Ref AshbyApiUrl}}
      Events:
        Put: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: PUT, Path: "/notes/{id}"}}
        Get: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: "/notes/{id}"}}
        Env: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: "/env"}}
"""

NOTES = """
import os

import boto3

import shared

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def handler(event, context):
    print("serving", event["routeKey"])
    if event["routeKey"] == "GET /env":
        return {"pid": os.getpid(), "url": os.environ["URL"], "ashby": os.environ["ASHBY"], "version": shared.VERSION}
    key = event["pathParameters"]["id"]
    if event["routeKey"].startswith("PUT"):
        table.put_item(Item={"pk": key, "text": event["body"]})
        return {"statusCode": 204}
    return {"statusCode": 200, "body": table.get_item(Key={"pk": key})["Item"]["text"]}
"""

SANDBOX = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"sandbox for {os.environ['PORT']}, {os.environ.get('SANDBOX_SEED')}".encode())
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
"""

ADMIN = "import pathlib, sys\npathlib.Path('seeded').write_text(' '.join(sys.argv[1:]))\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a small project with a template, a function, a layer, a sandbox and an admin command."""
    root = tmp_path / "project"
    files = {
        "template.yaml": TEMPLATE,
        "functions/notes/app.py": NOTES,
        "layers/unified/shared.py": "VERSION = 1\n",
        "sandbox/__main__.py": SANDBOX,
        "sandbox/__init__.py": "",
        "admin/__main__.py": ADMIN,
        "admin/__init__.py": "",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


# What is asked for first may wait for a process that starts beside many others.
ANSWER_SECONDS = 40


def get(url: str) -> httpx.Response:
    """Ask for something."""
    return httpx.get(url, timeout=ANSWER_SECONDS)


def put(url: str, text: str) -> httpx.Response:
    """Send a text."""
    return httpx.put(url, content=text, headers={"content-type": "text/plain"}, timeout=ANSWER_SECONDS)


def alive(pids: list[int]) -> list[int]:
    """Keep those processes that still run."""
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_it_serves_the_template_with_real_functions_and_services(start_local: Any, project: Path) -> None:
    """A function reached by its route writes to the table that the template declares."""
    with start_local(project, {"SANDBOX_SEED": "11"}) as stack:
        assert put(f"{stack.url}/notes/a%2Fb", "hi").status_code == 204
        assert get(f"{stack.url}/notes/a%2Fb").text == "hi"
        told = get(f"{stack.url}/env").json()
        assert (told["url"], told["ashby"]) == (stack.url, stack.sandbox_url)
        assert get(f"{stack.url}/none").json() == {"message": "Not Found"}
        port = stack.url.rpartition(":")[2]
        assert get(stack.sandbox_url).text == f"sandbox for {port}, 11"
        assert "notes serving GET /notes/{id}" in stack.log()


def test_it_says_what_it_serves_and_ends_with_ready(start_local: Any, project: Path) -> None:
    """The last line is for programs; what stands before it is for people."""
    with start_local(project) as stack:
        shown = "\n".join(stack.lines)
        assert stack.lines[-1] == f"ready {stack.url}"
        assert "notes  (128 MB, 20 s)\n  PUT     /notes/{id}\n  GET     /notes/{id}\n  GET     /env" in shown
        assert shown.count("\n  curl ") == 3
        assert f"{stack.url}/docs" in shown
        assert (project / "seeded").read_text() == (
            f"--endpoint-url {stack.aws_url} --table local-Table projects create --name Local"
            " --public-key pk_local --secret-key sk_local"
        )
        assert "sk_local" not in stack.log()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly(start_local: Any, project: Path, number: int) -> None:
    """Ctrl-C and SIGTERM both give exit code 0, and no process is left."""
    with start_local(project) as stack:
        get(f"{stack.url}/env")
        started = descendants(stack.process.pid)
        assert len(started) == 3
        assert stack.stop(number) == 0
        assert alive(started) == []


def test_nothing_is_left_when_it_is_killed(start_local: Any, project: Path) -> None:
    """SIGKILL gives it no chance to end the others; they end all the same."""
    with start_local(project) as stack:
        get(f"{stack.url}/env")
        started = descendants(stack.process.pid)
        stack.stop(signal.SIGKILL)
        wait_for("the end of all processes", lambda: not alive(started))


def test_changed_code_is_served_without_a_restart(start_local: Any, project: Path) -> None:
    """A layer's change reaches the function; the data in the table stays."""
    with start_local(project) as stack:
        put(f"{stack.url}/notes/1", "kept")
        before = get(f"{stack.url}/env").json()
        (project / "layers/unified/shared.py").write_text("VERSION = 2222\n")
        wait_for("the new version", lambda: get(f"{stack.url}/env").json().get("version") == 2222)
        assert get(f"{stack.url}/env").json()["pid"] != before["pid"]
        assert get(f"{stack.url}/notes/1").text == "kept"


def test_a_changed_template_changes_the_routes(start_local: Any, project: Path) -> None:
    """A template that cannot be read is told and changes nothing."""
    template = project / "template.yaml"
    with start_local(project) as stack:
        template.write_text(TEMPLATE.replace('Path: "/env"', 'Path: "/environment"'))
        wait_for("the end of the old route", lambda: get(f"{stack.url}/env").status_code == 404)
        template.write_text(TEMPLATE.replace("Timeout: 20", "Timeout: !ImportValue other"))
        wait_for("a word about it", lambda: "Fn::ImportValue" in stack.log())
        assert get(f"{stack.url}/env").status_code == 404


def test_a_changed_sandbox_starts_again(start_local: Any, project: Path) -> None:
    """The address stays the same."""
    with start_local(project) as stack:
        (project / "sandbox/__main__.py").write_text(SANDBOX.replace("sandbox for", "another for"))

        def answers() -> bool:
            try:
                return get(stack.sandbox_url).text.startswith("another")
            except httpx.TransportError:
                return False

        wait_for("the new sandbox", answers)


@pytest.mark.parametrize("variable", ["PORT", "SANDBOX_PORT", "AWS_PORT"])
def test_a_port_in_use_is_told_in_one_line(start_local: Any, project: Path, variable: str) -> None:
    """No traceback, and nothing is asked of whoever listens there."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with start_local(project, {variable: str(port)}, ready=False) as stack:
            assert stack.process.wait(30) == 1
    assert stack.lines == [f"local: port {port} is in use; choose another with {variable}=…"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("admin/__main__.py", "raise SystemExit(3)", "failed with exit code 3"),
        ("sandbox/__main__.py", "raise SystemExit(4)", "the sandbox did not start"),
        ("template.yaml", TEMPLATE + "  Vm: {Type: AWS::EC2::Instance}\n", "does not know AWS::EC2::Instance"),
    ],
)
def test_what_keeps_it_from_starting_is_told(start_local: Any, project: Path, name: str, text: str, told: str) -> None:
    """It ends with 1 and one line says why."""
    (project / name).write_text(text)
    with start_local(project, ready=False) as stack:
        assert stack.process.wait(60) == 1
    (said,) = [line for line in stack.lines if line.startswith("local: ")]
    assert told in said


def test_a_killed_function_process_is_replaced(start_local: Any, project: Path) -> None:
    """As Lambda does, whatever ended it."""
    with start_local(project) as stack:
        first = get(f"{stack.url}/env").json()["pid"]
        os.kill(first, signal.SIGKILL)
        wait_for("its end", lambda: not alive([first]))
        assert get(f"{stack.url}/env").json()["pid"] != first


def test_this_repositorys_stack_serves_its_documentation(local_stack: Any) -> None:
    """The real template, the real functions, the real sandbox."""
    described = get(f"{local_stack.url}/openapi.json")
    assert described.status_code == 200
    assert "/v1/resources/{model}" in json.dumps(described.json())


def test_a_path_that_no_route_serves_is_answered_by_the_default_function(local_stack: Any) -> None:
    """Our own error shape, not the gateway's: the template has a ``$default`` route."""
    response = get(f"{local_stack.url}/v1/nothing/here")
    assert response.status_code == 404
    assert response.json() != {"message": "Not Found"}


@pytest.mark.skipif(shutil.which("curl") is None, reason="the commands are for curl")
def test_the_printed_commands_work_as_printed(local_stack: Any) -> None:
    """Connect and read three candidates, by nothing but copy and paste."""
    commands = [shlex.split(line) for line in local_stack.lines if line.startswith("  curl ")]
    answers = [
        json.loads(subprocess.run([*command, "-sS"], capture_output=True, check=True).stdout) for command in commands
    ]
    connection, authorization, contacts = answers
    assert connection["object"] == "connection"
    assert authorization["status"] == "authorized"
    assert len(contacts["data"]) == 3


def test_it_is_ready_soon(local_stack: Any, start_local: Any) -> None:
    """Fifteen seconds are promised; a start that met many others at once says nothing yet."""
    if seconds_to_start(local_stack) >= 15:
        with start_local(ROOT, {"LOCAL_RELOAD": "0"}) as again:
            assert seconds_to_start(again) < 15


def seconds_to_start(stack: Any) -> float:
    """Read how long a stack says it took."""
    (told,) = [line for line in stack.lines if line.startswith("started in ")]
    return float(told.split()[2])
