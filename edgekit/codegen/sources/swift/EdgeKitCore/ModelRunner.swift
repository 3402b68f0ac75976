import Foundation

/// Where a bundle's files lie: in `Models` of a Swift package's resources, or loose in an app.
public struct ResourceFolder {
  private let bundle: Bundle

  /// The resources of `bundle`.
  public init(_ bundle: Bundle) { self.bundle = bundle }

  /// The path of the resource `file`.
  ///
  /// - Throws: `EdgeKitError` where there is none.
  public func path(of file: String) throws -> String {
    let root = bundle.resourceURL ?? bundle.bundleURL
    for folder in [root.appendingPathComponent("Models"), root] {
      let path = folder.appendingPathComponent(file).path
      if FileManager.default.fileExists(atPath: path) { return path }
    }
    throw EdgeKitError(.resource, "\(file) is not among the app's resources.", received: root.path)
  }
}

/// A loaded model of a bundle. One thread at a time may use it.
public final class ModelRunner {
  /// What the contract says of the model.
  public let info: ModelInfo
  private let resources: ResourceFolder
  private let engine: any Engine

  /// Load a model, and check that the file is the contract's.
  ///
  /// - Throws: `EdgeKitError` where the file is missing or is another one; what the engine throws.
  public init(
    _ info: ModelInfo, resources: ResourceFolder, threads: Int, engine: EngineMaker
  ) throws {
    self.info = info
    self.resources = resources
    let path = try resources.path(of: info.file)
    let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber
    guard size?.intValue == info.byteCount else {
      throw EdgeKitError(
        .resource, "\(info.file) must have \(info.byteCount) bytes, as contract.json says.",
        received: size.map { "\($0) bytes" } ?? "no size")
    }
    self.engine = try engine(path, threads)
    try Self.check(info.inputs, self.engine.inputByteCounts)
    try Self.check(info.outputs, self.engine.outputByteCounts)
  }

  /// Run the model once.
  ///
  /// - Parameter inputs: Stored values, in the order of `info.inputs`.
  /// - Returns: Stored values in the order of `info.outputs`, and the seconds that it took to hand
  ///   over inputs, run and read back.
  /// - Throws: What the engine throws.
  public func run(_ inputs: [[UInt8]]) throws -> (outputs: [[UInt8]], seconds: Double) {
    var named = [String: [UInt8]]()
    for (spec, bytes) in zip(info.inputs, inputs) { named[spec.name] = bytes }
    let (made, seconds) = try Benchmark.seconds { try engine.run(named) }
    let outputs = try info.outputs.map { try Engines.bytes(made, of: $0.name, count: $0.byteCount) }
    return (outputs, seconds)
  }

  /// Compare the file and the app's own code with the host's, and replay the golden samples here.
  ///
  /// - Parameter code: The app's preprocessing and labels.
  /// - Throws: `EdgeKitError` where a file is missing or damaged; what the engine throws.
  public func selfTest(_ code: OwnCode) throws -> SelfTestReport {
    try SelfTest.run(
      info, golden: content(of: info.golden.file), model: content(of: info.file), code: code,
      engine: engine)
  }

  private func content(of file: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: try resources.path(of: file))))
  }

  private static func check(_ specs: [TensorSpec], _ counts: [String: Int]) throws {
    for spec in specs where counts[spec.name] != spec.byteCount {
      throw EdgeKitError(
        .resource, "'\(spec.name)' must have \(spec.byteCount) bytes, as contract.json says.",
        received: counts[spec.name].map { "\($0)" } ?? "no such tensor")
    }
  }
}
