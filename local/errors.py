"""What can stop the local runner, in words for the person who started it."""


class LocalError(Exception):
    """The stack cannot be run here. The message is complete: it is printed alone, without a traceback."""


class TemplateError(LocalError):
    """The template says something that CloudFormation would refuse, or that this runner cannot do."""
