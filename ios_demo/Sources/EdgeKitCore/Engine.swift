/// What runs a model file. `LiteRTEngine` and `TensorFlowLiteEngine` are two; an app may bring its
/// own. An engine is used by one thread at a time.
public protocol Engine: AnyObject {
  /// Each input's name in the model's signature, and its bytes.
  var inputByteCounts: [String: Int] { get }
  /// Each output's name in the model's signature, and its bytes.
  var outputByteCounts: [String: Int] { get }

  /// Run the model once.
  ///
  /// - Parameter inputs: By name all inputs, as the model stores them.
  /// - Returns: By name all outputs, as the model stores them.
  /// - Throws: `EdgeKitError` where an input is missing or has another size, or the run fails.
  func run(_ inputs: [String: [UInt8]]) throws -> [String: [UInt8]]
}

/// Makes an engine of a model file's path and a number of threads.
public typealias EngineMaker = (_ modelPath: String, _ threads: Int) throws -> any Engine

/// The engines that this build has.
public enum Engines {
  /// The first engine that this build was linked with: LiteRT's C API, else TensorFlowLiteSwift.
  ///
  /// - Throws: `EdgeKitError` where the file cannot be loaded, or there is no engine.
  public static func make(modelPath: String, threads: Int) throws -> any Engine {
    #if canImport(CLiteRT)
      return try LiteRTEngine(modelPath: modelPath, threads: threads)
    #elseif canImport(TensorFlowLite)
      return try TensorFlowLiteEngine(modelPath: modelPath, threads: threads)
    #else
      throw EdgeKitError(
        .engine, "The app must be linked with CLiteRT.xcframework or TensorFlowLiteSwift.",
        received: "neither")
    #endif
  }

  /// The signature that is run: `serving_default`, or the only one.
  static func signature(among keys: [String]) throws -> Int {
    if keys.count == 1 { return 0 }
    guard let index = keys.firstIndex(of: "serving_default") else {
      throw EdgeKitError(
        .engine, "One of several signatures must be named 'serving_default'.",
        received: keys.joined(separator: ", "))
    }
    return index
  }

  /// The bytes of input `name`.
  static func bytes(
    _ inputs: [String: [UInt8]], of name: String, count: Int
  ) throws -> [UInt8] {
    guard let bytes = inputs[name], bytes.count == count else {
      throw EdgeKitError(
        .engine, "Input '\(name)' must have \(count) bytes.",
        received: inputs[name].map { "\($0.count) bytes" } ?? "no such input")
    }
    return bytes
  }
}
