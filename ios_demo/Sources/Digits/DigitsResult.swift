// Made by edgekit 0.1.0 of contract.json; making it again replaces it.

import EdgeKitCore

/// What "digits" says of one input.
public struct DigitsResult: Sendable {
  /// Output "digit", of shape [1, 10]: a value for each class, of which the largest counts.
  public let digit: LabelledScores
  /// Seconds that it took to hand over inputs, to run and to read outputs back.
  public let seconds: Double

  init(_ outputs: [[UInt8]], of info: ModelInfo, seconds: Double) {
    self.digit = LabelledScores(
      values: info.outputs[0].reals(outputs[0]),
      labels: Digits.Labels.digit)
    self.seconds = seconds
  }
}
