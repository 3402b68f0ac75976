// Made by edgekit 0.1.0 of contract.json; making it again replaces it.

import EdgeKitCore
import Foundation

/// The model "digits". One thread at a time may use it.
public final class Digits {
  /// How inputs are made of raw data, as on the host.
  public enum Inputs {
    /// Input "image".
    public static let image = ImageInput(
      height: 8,
      width: 8,
      resize: .bilinear,
      channels: .gray,
      normalization: Normalization(mean: [0.0], std: [255.0]))
  }

  /// The names of classes, in the order of the output's values.
  public enum Labels {
    /// Output "digit".
    public static let digit: [String] = [
      "zero",
      "one",
      "two",
      "three",
      "four",
      "five",
      "six",
      "seven",
      "eight",
      "nine",
    ]
  }

  /// Which of the bundle's files is loaded.
  public let variant: DigitsVariant
  private let runner: ModelRunner

  /// Load a model file of the bundle.
  ///
  /// - Parameters:
  ///   - variant: Which one.
  ///   - threads: Processor cores that a run may use.
  ///   - engine: What runs it; the one that the app is linked with by default.
  /// - Throws: `EdgeKitError` where a file is missing; what the engine throws.
  public init(
    variant: DigitsVariant = .float32, threads: Int = 1,
    engine: EngineMaker = Engines.make
  ) throws {
    self.variant = variant
    let resources = ResourceFolder(Self.bundle)
    runner = try ModelRunner(
      variant.info, resources: resources, threads: threads, engine: engine)
  }

  /// Run the model once.
  ///
  /// - Parameters:
  ///   - image: A picture of any size, upright.
  /// - Throws: `EdgeKitError` for an input that the model does not take; what the engine
  ///   throws.
  public func run(image: RGBImage) throws -> DigitsResult {
    let specs = self.runner.info.inputs
    let made = try self.runner.run([
      try specs[0].stored(Inputs.image.values(image))
    ])
    return DigitsResult(made.outputs, of: self.runner.info, seconds: made.seconds)
  }

  /// Compare file, labels and preprocessing with the host, replay the golden samples.
  ///
  /// - Throws: `EdgeKitError` where a file is missing; what the engine throws.
  public func selfTest() throws -> SelfTestReport {
    try runner.selfTest(
      OwnCode(
        inputs: [
          "image": { try $1.stored(Inputs.image.values($0.image())) }
        ],
        labels: [
          "digit": Labels.digit
        ]))
  }

  /// Holds the model files: the package's resources, or those of the app's own target.
  static var bundle: Bundle {
    #if SWIFT_PACKAGE
      return Bundle.module
    #else
      return Bundle(for: Digits.self)
    #endif
  }
}
