"""The one error of the lab.

Knows: nothing. Never: anything that is no message for a person.
"""


class LabError(Exception):
    """The lab could not do what it was asked; the message names the thing, what was found and what helps."""
