/// One model file of a bundle: what the contract says of it.
public struct ModelInfo: Equatable, Sendable {
  /// The recipe that it was converted by, as `static_wi8_ai8`.
  public let variant: String
  /// The file's name.
  public let file: String
  /// The file's bytes.
  public let byteCount: Int
  /// The file's SHA-256, in hexadecimal digits.
  public let sha256: String
  /// The oldest TensorFlow Lite that has all its operators; empty where that is unknown.
  public let oldestRuntime: String
  /// What it takes.
  public let inputs: [TensorSpec]
  /// What it gives.
  public let outputs: [TensorSpec]
  /// What proves that it computes here what it computed on the host.
  public let golden: GoldenSamples

  /// A model of the contract.
  public init(
    variant: String, file: String, byteCount: Int, sha256: String, oldestRuntime: String,
    inputs: [TensorSpec], outputs: [TensorSpec], golden: GoldenSamples
  ) {
    self.variant = variant
    self.file = file
    self.byteCount = byteCount
    self.sha256 = sha256
    self.oldestRuntime = oldestRuntime
    self.inputs = inputs
    self.outputs = outputs
    self.golden = golden
  }
}
