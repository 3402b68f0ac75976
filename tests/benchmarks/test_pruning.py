"""The table of pruning and training: rows are kept, measured again, told with their failures."""

from benchmarks import pruning


def row(method, **fields):
    told = {"accuracy": 0.86, "float_accuracy": 0.87, "num_samples": 500, "size": 0.5}
    told |= {"download": 0.4, "latency": (0.6, 0.59, 0.61), "seconds": 12.0}
    return pruning.Row(method=method, **{**told, **fields})


def test_rows_are_kept_and_one_can_be_measured_again(tmp_path):
    pruning.keep(tmp_path, "digits", row("int8"))
    pruning.keep(tmp_path, "digits", row("int4", accuracy=0.5))
    pruning.keep(tmp_path, "digits", row("int8", accuracy=0.8))
    found = pruning.stored(tmp_path, "digits")
    assert [(name, one.accuracy) for name, one in found.items()] == [("int8", 0.8), ("int4", 0.5)]
    assert pruning.stored(tmp_path, "kws_dscnn") == {}


def test_every_method_of_an_item_has_a_row():
    rows = {item: {name: row(name) for name in pruning.methods_of(item)} for item in pruning.ITEMS}
    rows["kws_dscnn"]["int8"] = pruning.Row(method="int8", failure="ended with 1: no room")
    text = pruning.body(rows)
    for item in pruning.ITEMS:
        assert f"**{item}**: float 0.8700 on 500 samples." in text
    assert text.count("| int4 |") == len(pruning.ITEMS)
    assert "| int8 | failed: ended with 1: no room |" in text
    assert "| 1.00 | 0.50x | 0.40x | 0.60x [0.59 0.61] | 12 s |" in text


def test_the_peer_is_not_asked_for_what_it_cannot_load():
    assert not [name for name in pruning.methods_of("digits") if "tfmot" in name]
    assert [name for name in pruning.methods_of("kws_dscnn") if "tfmot" in name]
