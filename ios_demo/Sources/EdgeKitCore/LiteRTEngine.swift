#if canImport(CLiteRT)
  import CLiteRT

  /// Runs models by LiteRT's C API on the processor, with XNNPACK.
  public final class LiteRTEngine: Engine {
    // In this order: buffers are let go of before the model that they belong to.
    private let inputs: [LiteRTBuffer]
    private let outputs: [LiteRTBuffer]
    private let model: LiteRTModel

    /// Load a model file and compile it for the processor.
    ///
    /// - Throws: `EdgeKitError` where LiteRT refuses the file.
    public init(modelPath: String, threads: Int = 1) throws {
      model = try LiteRTModel(path: modelPath, threads: threads)
      inputs = try model.buffers(.input)
      outputs = try model.buffers(.output)
    }

    /// Each input's bytes, by name.
    public var inputByteCounts: [String: Int] { Self.counts(inputs) }
    /// Each output's bytes, by name.
    public var outputByteCounts: [String: Int] { Self.counts(outputs) }

    /// Run the model once, as `Engine.run` says.
    public func run(_ given: [String: [UInt8]]) throws -> [String: [UInt8]] {
      for input in inputs {
        try input.write(try Engines.bytes(given, of: input.name, count: input.byteCount))
      }
      try model.run(inputs, outputs)
      var made = [String: [UInt8]]()
      for output in outputs { made[output.name] = try output.read() }
      return made
    }

    private static func counts(_ buffers: [LiteRTBuffer]) -> [String: Int] {
      Dictionary(buffers.map { ($0.name, $0.byteCount) }, uniquingKeysWith: { first, _ in first })
    }
  }

  /// A file that LiteRT has read and compiled, with all that must live as long as it.
  final class LiteRTModel {
    /// The two sides of a model.
    enum Side { case input, output }

    private var environment: LiteRtEnvironment?
    private var file: LiteRtModel?
    private var compiled: LiteRtCompiledModel?
    private var signature: LiteRtSignature?
    private var signatureIndex = 0

    init(path: String, threads: Int) throws {
      // All properties have a value here, so that `deinit` runs where one of these throws.
      try litert("make an environment", LiteRtCreateEnvironment(0, nil, &environment))
      try litert("read \(path)", LiteRtCreateModelFromFile(environment, path, &file))
      let options = try LiteRTOptions(threads: threads)
      try litert(
        "compile \(path)",
        LiteRtCreateCompiledModel(environment, file, options.handle, &compiled))
      try choose()
    }

    deinit {
      if let compiled { LiteRtDestroyCompiledModel(compiled) }
      if let file { LiteRtDestroyModel(file) }
      if let environment { LiteRtDestroyEnvironment(environment) }
    }

    /// A buffer for each input or output, in the signature's order.
    func buffers(_ side: Side) throws -> [LiteRTBuffer] {
      var count = 0
      try litert(
        "count tensors",
        side == .input
          ? LiteRtGetNumSignatureInputs(signature, &count)
          : LiteRtGetNumSignatureOutputs(signature, &count))
      return try (0..<count).map { try buffer(side, $0) }
    }

    func run(_ inputs: [LiteRTBuffer], _ outputs: [LiteRTBuffer]) throws {
      var from = inputs.map { $0.handle as LiteRtTensorBuffer? }
      var to = outputs.map { $0.handle as LiteRtTensorBuffer? }
      try litert(
        "run the model",
        LiteRtRunCompiledModel(compiled, signatureIndex, from.count, &from, to.count, &to))
    }

    private func choose() throws {
      var count = 0
      try litert("count signatures", LiteRtGetNumModelSignatures(file, &count))
      var found = [LiteRtSignature?]()
      var keys = [String]()
      for index in 0..<count {
        var one: LiteRtSignature?
        var key: UnsafePointer<CChar>?
        try litert("read a signature", LiteRtGetModelSignature(file, index, &one))
        try litert("read a signature's key", LiteRtGetSignatureKey(one, &key))
        found.append(one)
        keys.append(key.map { String(cString: $0) } ?? "")
      }
      signatureIndex = try Engines.signature(among: keys)
      signature = found[signatureIndex]
    }

    private func buffer(_ side: Side, _ index: Int) throws -> LiteRTBuffer {
      var name: UnsafePointer<CChar>?
      var tensor: LiteRtTensor?
      var needs: LiteRtTensorBufferRequirements?
      var type = LiteRtRankedTensorType()
      switch side {
      case .input:
        try litert("read a name", LiteRtGetSignatureInputName(signature, index, &name))
        try litert("find an input", LiteRtGetSignatureInputTensorByIndex(signature, index, &tensor))
        try litert(
          "measure an input",
          LiteRtGetCompiledModelInputBufferRequirements(compiled, signatureIndex, index, &needs))
      case .output:
        try litert("read a name", LiteRtGetSignatureOutputName(signature, index, &name))
        try litert(
          "find an output", LiteRtGetSignatureOutputTensorByIndex(signature, index, &tensor))
        try litert(
          "measure an output",
          LiteRtGetCompiledModelOutputBufferRequirements(compiled, signatureIndex, index, &needs))
      }
      try litert("read a tensor's type", LiteRtGetRankedTensorType(tensor, &type))
      var handle: LiteRtTensorBuffer?
      try litert(
        "make a buffer",
        LiteRtCreateManagedTensorBufferFromRequirements(environment, &type, needs, &handle))
      guard let handle else { throw EdgeKitError(.engine, "LiteRT could not make a buffer.") }
      return try LiteRTBuffer(handle, name: name.map { String(cString: $0) } ?? "")
    }
  }
#endif
