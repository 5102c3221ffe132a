"""The one exception that the lab shows to its user as a sentence, not as a traceback."""


class LabError(Exception):
    """What happened, the rule behind it and the way out."""
