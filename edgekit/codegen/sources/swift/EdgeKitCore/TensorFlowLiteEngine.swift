#if canImport(TensorFlowLite)
  import Foundation
  import TensorFlowLite

  /// Runs models by TensorFlowLiteSwift, the pod.
  public final class TensorFlowLiteEngine: Engine {
    /// Each input's bytes, by name.
    public let inputByteCounts: [String: Int]
    /// Each output's bytes, by name.
    public let outputByteCounts: [String: Int]
    private let runner: SignatureRunner

    /// Load a model file, which has a signature, and allocate its tensors.
    ///
    /// - Throws: `EdgeKitError` where it has none; what the pod throws where it refuses the file.
    public init(modelPath: String, threads: Int = 1) throws {
      var options = Interpreter.Options()
      options.threadCount = max(1, threads)
      let interpreter = try Interpreter(modelPath: modelPath, options: options)
      let keys = interpreter.signatureKeys
      guard !keys.isEmpty else {
        throw EdgeKitError(
          .engine, "TensorFlowLiteSwift needs the model's signature, to find tensors by.",
          received: "a model without one")
      }
      let runner = try interpreter.signatureRunner(with: keys[try Engines.signature(among: keys)])
      try runner.allocateTensors()
      inputByteCounts = try Self.counts(runner.inputs) { try runner.input(named: $0) }
      outputByteCounts = try Self.counts(runner.outputs) { try runner.output(named: $0) }
      self.runner = runner
    }

    /// Run the model once, as `Engine.run` says.
    public func run(_ given: [String: [UInt8]]) throws -> [String: [UInt8]] {
      var inputs = [String: Data]()
      for (name, count) in inputByteCounts {
        inputs[name] = Data(try Engines.bytes(given, of: name, count: count))
      }
      try runner.invoke(with: inputs)
      var made = [String: [UInt8]]()
      for name in outputByteCounts.keys {
        made[name] = [UInt8](try runner.output(named: name).data)
      }
      return made
    }

    private static func counts(
      _ names: [String], _ tensor: (String) throws -> Tensor
    ) throws -> [String: Int] {
      var counts = [String: Int]()
      for name in names { counts[name] = try tensor(name).data.count }
      return counts
    }
  }
#endif
