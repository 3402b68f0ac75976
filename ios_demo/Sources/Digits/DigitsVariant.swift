// Made by edgekit 0.1.0 of contract.json; making it again replaces it.

import EdgeKitCore

/// The files of "digits", which an app can switch between.
public enum DigitsVariant: String, CaseIterable, Sendable {
  /// "digits.float32.tflite", 257352 bytes.
  case float32 = "float32"
  /// "digits.static_wi8_ai8.tflite", 77032 bytes.
  case staticWi8Ai8 = "static_wi8_ai8"

  /// What the contract says of the file.
  public var info: ModelInfo {
    switch self {
    case .float32:
      return ModelInfo(
        variant: "float32",
        file: "digits.float32.tflite",
        byteCount: 257352,
        sha256: "fafa7c78cac78d506cee51adc7cc391d31e3dd924d15752f679bad69a63ed0e5",
        oldestRuntime: "1.5.0",
        inputs: [TensorSpec(name: "image", shape: [1, 8, 8, 1], type: .float32)],
        outputs: [TensorSpec(name: "digit", shape: [1, 10], type: .float32)],
        golden: GoldenSamples(
          file: "digits.float32.golden.bin",
          byteCount: 6859,
          sampleCount: 8,
          sampleByteCount: 296,
          tensors: [
            GoldenTensor(role: .input, name: "image", offset: 0, byteCount: 256),
            GoldenTensor(
              role: .output,
              name: "digit",
              offset: 256,
              byteCount: 40,
              tolerance: Tolerance(
                worst: 3.814669071289245e-06,
                rms: 4.7683363391115563e-07,
                agreement: 0.875)),
          ],
          raw: [
            GoldenRaw(
              input: "image",
              shape: [31, 45, 3],
              bytes: 2368..<6553,
              stride: 1,
              expected: 6553..<6809)
          ],
          labels: [GoldenLabels(output: "digit", bytes: 6809..<6859)]))
    case .staticWi8Ai8:
      return ModelInfo(
        variant: "static_wi8_ai8",
        file: "digits.static_wi8_ai8.tflite",
        byteCount: 77032,
        sha256: "e063ee10e698f121f1ed10d6d8cb217373d60af98ddfc6b3096f6ffe4cecaccf",
        oldestRuntime: "1.14.0",
        inputs: [TensorSpec(name: "image", shape: [1, 8, 8, 1], type: .float32)],
        outputs: [TensorSpec(name: "digit", shape: [1, 10], type: .float32)],
        golden: GoldenSamples(
          file: "digits.static_wi8_ai8.golden.bin",
          byteCount: 6859,
          sampleCount: 8,
          sampleByteCount: 296,
          tensors: [
            GoldenTensor(role: .input, name: "image", offset: 0, byteCount: 256),
            GoldenTensor(
              role: .output,
              name: "digit",
              offset: 256,
              byteCount: 40,
              tolerance: Tolerance(
                worst: 0.125,
                rms: 0.013189017981354792,
                agreement: 0.875)),
          ],
          raw: [
            GoldenRaw(
              input: "image",
              shape: [31, 45, 3],
              bytes: 2368..<6553,
              stride: 1,
              expected: 6553..<6809)
          ],
          labels: [GoldenLabels(output: "digit", bytes: 6809..<6859)]))
    }
  }
}
