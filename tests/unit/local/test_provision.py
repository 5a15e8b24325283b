"""The template's resources in the AWS emulator."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.errors import TemplateError
from local.provision import Resources
from local.template import Template

TEXT = """
Resources:
  Alias: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/mine, TargetKeyId: !Ref Key}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: sk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
      TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  Key: {Type: AWS::KMS::Key, Properties: {Description: The key, KeyPolicy: {Statement: []}}}
  Client: {Type: AWS::SecretsManager::Secret, Properties: {SecretString: "{}"}}
  Other: {Type: AWS::SecretsManager::Secret, Properties: {Name: other, SecretString: !Ref Table}}
  Random: {Type: AWS::SecretsManager::Secret, Properties: {GenerateSecretString: {PasswordLength: 40}}}
  Dead: {Type: AWS::SQS::Queue}
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 120
      SqsManagedSseEnabled: true
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: events}}
  Later: {Type: AWS::Scheduler::ScheduleGroup, Properties: {Name: later}}
  Setting: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !GetAtt Key.Arn}}
  Logs: {Type: AWS::Logs::LogGroup}
  Work: {Type: AWS::Serverless::Function, Properties: {CodeUri: x}}
"""


def template(text: str) -> Template:
    """Read a template without parameters."""
    return Template(text, {}, region="eu-west-1", account="123456789012")


@pytest.fixture
def resources(aws_url: str) -> Resources:
    """Provision the whole template."""
    made = Resources(endpoint_url=aws_url, public_url="http://api", secret_values={"Client": "replaced"})
    made.provision(template(TEXT))
    return made


def test_the_table_is_as_the_template_says(resources: Resources) -> None:
    """Keys, expiry and stream exist, and the reference leads to them."""
    table = resources.lookup("Table")
    client = resources.client("dynamodb")
    made = client.describe_table(TableName=table.ref)["Table"]
    assert [key["AttributeName"] for key in made["KeySchema"]] == ["pk", "sk"]
    assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert (made["TableArn"], made["LatestStreamArn"]) == (table.attributes["Arn"], table.attributes["StreamArn"])
    expiry = client.describe_time_to_live(TableName=table.ref)["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


def test_the_key_encrypts_under_its_arn_and_its_alias(resources: Resources) -> None:
    """The alias stands before its key in the template and still points to it."""
    client = resources.client("kms")
    context = {"project": "p"}
    sealed = client.encrypt(KeyId="alias/mine", Plaintext=b"x", EncryptionContext=context)
    assert sealed["KeyId"] == resources.lookup("Key").attributes["Arn"]
    opened = client.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
    assert opened["Plaintext"] == b"x"


def test_secrets_hold_what_is_given_generated_or_replaced(resources: Resources) -> None:
    """The local value stands where a deployment's operator would put a real one."""
    client = resources.client("secretsmanager")
    values = {
        name: client.get_secret_value(SecretId=resources.lookup(name).ref)["SecretString"]
        for name in ("Client", "Other", "Random")
    }
    assert values["Client"] == "replaced"
    assert values["Other"] == resources.lookup("Table").ref
    assert len(values["Random"]) == 40


def test_queues_have_their_timeouts_and_dead_letters(resources: Resources) -> None:
    """A queue's redrive policy names the other queue by the address it has here."""
    queue = resources.lookup("Queue")
    client = resources.client("sqs")
    attributes = client.get_queue_attributes(QueueUrl=queue.ref, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "120"
    assert json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"] == resources.lookup("Dead").attributes["Arn"]


def test_buses_groups_and_parameters_exist(resources: Resources) -> None:
    """All are found by the name that the reference gives."""
    assert (
        resources.client("events").describe_event_bus(Name="events")["Arn"] == resources.lookup("Bus").attributes["Arn"]
    )
    group = resources.client("scheduler").get_schedule_group(Name=resources.lookup("Later").ref)
    assert group["Arn"] == resources.lookup("Later").attributes["Arn"]
    setting = resources.client("ssm").get_parameter(Name=resources.lookup("Setting").ref)["Parameter"]
    assert setting["Value"] == resources.lookup("Key").attributes["Arn"]


def test_only_gives_the_single_resource_of_a_type(resources: Resources) -> None:
    """Two would need a choice, so two are an error."""
    assert resources.only("AWS::DynamoDB::Table") == resources.lookup("Table").ref
    with pytest.raises(TemplateError, match="has 2"):
        resources.only("AWS::SQS::Queue")


def test_a_changed_template_adds_and_names_what_must_wait(resources: Resources) -> None:
    """What exists keeps its data; what is new is there at once."""
    before = resources.lookup("Table").ref
    changed = TEXT.replace("VisibilityTimeout: 120", "VisibilityTimeout: 60") + "  More: {Type: AWS::SQS::Queue}\n"
    assert resources.provision(template(changed)) == ["Queue"]
    assert resources.lookup("Table").ref == before
    assert resources.lookup("More").ref.endswith("local-More")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Resources: {A: {Type: AWS::EC2::Instance}}", "does not know AWS::EC2::Instance"),
        (
            """
            Resources:
              A: {Type: AWS::SSM::Parameter, Properties: {Value: !Ref B}}
              B: {Type: AWS::SSM::Parameter, Properties: {Value: !Ref A}}
            """,
            "circle: A -> B -> A",
        ),
        ("Resources: {A: {Type: AWS::SSM::Parameter, Properties: {Value: !Ref Nothing}}}", "Nothing"),
        ("Resources: {A: {Type: AWS::DynamoDB::Table, Properties: {}}}", "A: "),
    ],
)
def test_what_cannot_be_made_is_an_error(aws_url: str, text: str, told: str) -> None:
    """Nothing is skipped because it is unknown."""
    with pytest.raises(TemplateError, match=told):
        Resources(endpoint_url=aws_url, public_url="http://api").provision(template(text))


def test_one_of_many_conditional_writes_wins(resources: Resources) -> None:
    """Leases rest on this; moto by itself lets two win now and then."""
    client = resources.client("dynamodb")
    table = resources.lookup("Table").ref

    def take(key: int) -> int:
        try:
            client.put_item(
                TableName=table,
                Item={"pk": {"S": str(key)}, "sk": {"S": "lease"}},
                ConditionExpression="attribute_not_exists(pk)",
            )
        except client.exceptions.ConditionalCheckFailedException:
            return 0
        return 1

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that threads meet between a condition and its write
    try:
        with ThreadPoolExecutor(8) as threads:
            wins = list(threads.map(take, [number // 8 for number in range(160)]))
    finally:
        sys.setswitchinterval(interval)
    assert sum(wins) == 20
