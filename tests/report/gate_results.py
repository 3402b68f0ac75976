"""Gate results for the tests of what shows them: one verdict of each status."""

from edgekit.core.baseline_record import Change, Values
from edgekit.core.gate_rules import GateResult, Rule, Verdict
from edgekit.core.records import Host, Measurement, Metric, Target

HOST = Host(machine="ci", system="Linux", cpu="x86_64", cores=4, python="3.12.1")
ACCURACY = Rule(metric="top1_accuracy", max_loss=0.01, against="baseline")
SIZE = Rule(metric="size_bytes", at_most=120_000)
LATENCY = Rule(metric="latency_ratio", at_most=0.8)
OPERATORS = Rule(allowed_operators=("CONV_2D", "FULLY_CONNECTED"))
RUNTIME = Rule(oldest_runtime="2.14.0")

PASS = Verdict(
    variant="static_wi8_ai8",
    target="litert",
    metric="top1_accuracy",
    rule=ACCURACY,
    status="pass",
    sentence="top1_accuracy lost 0.0014.",
    values=Values(old=0.9722, new=0.9708, of="baseline"),
    quantity="loss",
    estimate=0.0014,
    low=-0.0042,
    high=0.0071,
    limit=0.01,
    n=720,
    counted="samples",
)
FAIL = Verdict(
    variant="static_wi8_ai8",
    metric="size_bytes",
    rule=SIZE,
    status="fail",
    sentence="The file has 120,001 bytes, 1 more than allowed.",
    unit="B",
    values=Values(new=120_001.0, unit="B"),
    estimate=120_001.0,
    low=120_001.0,
    high=120_001.0,
    limit=120_000.0,
)
INCONCLUSIVE = Verdict(
    variant="dynamic_wi8_afp32",
    target="litert",
    metric="latency_ratio",
    rule=LATENCY,
    status="inconclusive",
    sentence="It takes 0.79 of float's time.",
    unit="x",
    estimate=0.79,
    low=0.76,
    high=0.83,
    limit=0.8,
    n=3,
    counted="processes",
    needed=7,
)
ERROR = Verdict(
    variant="float16",
    target="tflite-runtime==2.14.0",
    metric="top1_accuracy",
    rule=ACCURACY,
    status="error",
    sentence="The worker died of signal 11.",
    quantity="loss",
)
INCOMPARABLE = Verdict(
    variant="float16",
    target="litert",
    metric="latency_p50_ms",
    rule=Rule(metric="latency_p50_ms", max_loss=0.05, against="baseline"),
    status="incomparable",
    sentence="The baseline was timed on another machine.",
    quantity="loss",
    limit=0.05,
)
OPERATORS_FAIL = Verdict(
    variant="float16",
    metric="operators",
    rule=OPERATORS,
    status="fail",
    sentence="ARG_MAX (top) is not among the allowed operators.",
)
CHANGES = (
    Change(place="input image", key="std", old="255", new="127.5"),
    Change(
        place="output digit", key="order of labels", old="3 three, 7 seven", new="3 seven, 7 three"
    ),
)
CONTRACT = Verdict(
    variant="",
    metric="contract",
    rule=Rule(),
    status="fail",
    sentence="contract: input image: std 255 -> 127.5; output digit: order of labels 3 three, "
    "7 seven -> 3 seven, 7 three.",
    changes=CHANGES,
)
ALL = (PASS, FAIL, INCONCLUSIVE, ERROR, INCOMPARABLE, OPERATORS_FAIL)


def result(*verdicts: Verdict, **fields) -> GateResult:
    statuses = {one.status for one in verdicts}
    if "fail" in statuses:
        outcome, code = "failed", 1
    elif statuses & {"error", "incomparable"}:
        outcome, code = "unjudged", 2
    elif "inconclusive" in statuses:
        outcome, code = "inconclusive", 3
    else:
        outcome, code = "passed", 0
    told = {
        "edgekit": "0.1.0",
        "model": "digits.keras",
        "outcome": outcome,
        "exit_code": code,
        "measurements": (),
        "host": HOST,
        "seconds": 12.5,
    }
    return GateResult(verdicts=verdicts, **{**told, **fields})


MEASUREMENT = Measurement(
    artifact="static_wi8_ai8",
    artifact_sha256="0" * 64,
    samples_sha256="1" * 64,
    num_samples=720,
    target=Target(),
    host=HOST,
    metrics=(
        Metric(name="top1_accuracy", value=0.98, low=0.97, high=0.99),
        Metric(name="sqnr_db", value=float("inf"), unit="dB"),
        Metric(name="mae", value=float("nan"), better="lower"),
    ),
)
