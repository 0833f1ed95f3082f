"""Why Spark refuses a query, or ends it, in the words of the conformance format."""

REASONS = {
    "user-function-failed": ["PythonException", "failed while evaluating", "DIVIDE_BY_ZERO", "Timeout timestamp"],
    "append-needs-watermark": ["without watermark"],
    "limit-update-unsupported": ["Limits are not supported"],
    "multiple-event-time-columns": ["multiple event time columns", "More than one event time columns"],
    "session-update-unsupported": ["ession window on streaming"],
    "sort-needs-complete-aggregate": ["Sorting is not supported"],
    "join-needs-equality": ["without equality predicates"],
    "watermark-redefined": ["REDEFINITION"],
    "negative-delay": ["should not be negative"],
    "dedup-within-needs-watermark": ["dropDuplicatesWithinWatermark is not supported"],
    "state-key-schema-changed": ["STATE_STORE_KEY_SCHEMA"],
}


def reason_of(error):
    """None where the format has no word for it."""
    text = str(error)
    return next((reason for reason, parts in REASONS.items() if any(part in text for part in parts)), None)


def text_of(error):
    """Of a function written in Python the last line says what it was."""
    lines = str(error).split("JVM stacktrace")[0].strip().split("\n")
    own = [line for line in lines if "Error" in line and not line.startswith((" ", "\t"))]
    return " | ".join([lines[0][:200], *own[:3]])
