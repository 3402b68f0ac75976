"""The README of a C bundle: how its files are compiled, and run under TFLite Micro."""

from __future__ import annotations

from edgekit.codegen.c.c_identifiers import Names
from edgekit.core.bundle_record import Bundle

_TEXT = """\
# {prefix}

A model in C, made by edgekit {version}: for TFLite Micro, or any runtime that takes a model from
memory. C99 or C++11; nothing allocates memory, nothing prints. It needs a little-endian machine.

| File | What it is |
| --- | --- |
| `edgekit_core.h`, `edgekit_*.c` | What every bundle carries: preprocessing, top-k ... |
| `{prefix}.h`, `{prefix}.c` | This model's inputs, outputs and labels |
{variants}

```
cc -std=c99 -O2 -c edgekit_*.c {prefix}.c {first}.c
```

Compile only the variants that you use. Their golden samples are in the same files, and are left
out of a program that does not run the self-test only by a linker that drops unused data.

## With TFLite Micro

```cpp
#include "{prefix}.h"

alignas(16) static uint8_t arena[ARENA_BYTES];  // what `checks/micro.sh` of edgekit reports
tflite::MicroInterpreter interpreter(tflite::GetModel({first}.data), resolver, arena,
                                     sizeof arena);
interpreter.AllocateTensors();
const edgekit_tensor& in = {first}.inputs[0];
{input}(&{first}, ..., interpreter.input(in.index)->data.raw);
interpreter.Invoke();

const edgekit_tensor& out = {first}.outputs[0];
float values[{count}];
{output}(&{first}, interpreter.output(out.index)->data.raw, values);
```

`edgekit_top_k` gives the classes with the largest values.

## Self-test

`{self_test}` compares the model's bytes, the labels and the preprocessing with the host's, then
replays golden inputs through a function of yours that runs the model once, and compares its
outputs: every bit the same on the same kernels, within the tolerances on others, which were
measured when the bundle was made (`contract.json`).

```cpp
int run(void* context, const edgekit_model* model, const unsigned char* const* inputs,
        unsigned char* const* outputs) {{
  auto* interpreter = static_cast<tflite::MicroInterpreter*>(context);
  for (int i = 0; i < model->num_inputs; i++) {{
    const edgekit_tensor& in = model->inputs[i];
    memcpy(interpreter->input(in.index)->data.raw, inputs[i], in.num_bytes);
  }}
  if (interpreter->Invoke() != kTfLiteOk) return 1;
  for (int i = 0; i < model->num_outputs; i++) {{
    const edgekit_tensor& out = model->outputs[i];
    memcpy(outputs[i], interpreter->output(out.index)->data.raw, out.num_bytes);
  }}
  return 0;
}}
```
"""


def readme(bundle: Bundle, called: Names) -> str:
    """`README.md`, in Markdown."""
    contract, first = bundle.models[0].contract, bundle.models[0].variant
    variants = "\n".join(
        f"| `{called.variants[model.variant]}.c` | {model.size_bytes:,} bytes of model, and "
        f"{model.golden.num_samples} golden samples |"
        for model in bundle.models
    )
    return _TEXT.format(
        prefix=called.prefix,
        version=bundle.edgekit,
        variants=variants,
        first=called.variants[first],
        input=called.inputs[contract.inputs[0].name],
        output=called.outputs[contract.outputs[0].name],
        count=called.counts[contract.outputs[0].name],
        self_test=called.self_test,
    )
