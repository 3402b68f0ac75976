#if canImport(CLiteRT)
  import CLiteRT
  import Foundation

  /// Throw where LiteRT could not do `what`.
  func litert(_ what: String, _ status: LiteRtStatus) throws {
    guard status == kLiteRtStatusOk else {
      throw EdgeKitError(
        .engine, "LiteRT could not \(what).", received: "status \(status.rawValue)")
    }
  }

  /// How a model is compiled: for the processor, with a number of threads.
  final class LiteRTOptions {
    private(set) var handle: LiteRtOptions?

    init(threads: Int) throws {
      try litert("make options", LiteRtCreateOptions(&handle))
      try litert(
        "choose the processor",
        LiteRtSetOptionsHardwareAccelerators(
          handle, LiteRtHwAcceleratorSet(kLiteRtHwAcceleratorCpu.rawValue)))
      // The number travels as a line of TOML that LiteRT frees; without it LiteRT uses one thread.
      var opaque: LiteRtOpaqueOptions?
      let payload = strdup("num_threads = \(max(1, threads))\n")
      try litert(
        "set threads", LiteRtCreateOpaqueOptions("xnnpack", payload, { free($0) }, &opaque))
      try litert("add options", LiteRtAddOpaqueOptions(handle, opaque))
    }

    deinit {
      if let handle { LiteRtDestroyOptions(handle) }
    }
  }

  /// The memory of one input or output.
  final class LiteRTBuffer {
    let handle: LiteRtTensorBuffer
    let name: String
    private(set) var byteCount = 0

    /// Takes over `handle`.
    init(_ handle: LiteRtTensorBuffer, name: String) throws {
      self.handle = handle
      self.name = name
      try litert("measure a buffer", LiteRtGetTensorBufferPackedSize(handle, &byteCount))
    }

    deinit { LiteRtDestroyTensorBuffer(handle) }

    func write(_ bytes: [UInt8]) throws {
      try locked(kLiteRtTensorBufferLockModeWrite) { memory in
        bytes.withUnsafeBytes { memory.copyMemory(from: $0.baseAddress!, byteCount: byteCount) }
      }
    }

    func read() throws -> [UInt8] {
      try locked(kLiteRtTensorBufferLockModeRead) { memory in
        [UInt8](UnsafeRawBufferPointer(start: memory, count: byteCount))
      }
    }

    private func locked<Result>(
      _ mode: LiteRtTensorBufferLockMode, _ work: (UnsafeMutableRawPointer) -> Result
    ) throws -> Result {
      var address: UnsafeMutableRawPointer?
      try litert("lock a buffer", LiteRtLockTensorBuffer(handle, &address, mode))
      defer { _ = LiteRtUnlockTensorBuffer(handle) }
      guard let address else { throw EdgeKitError(.engine, "A locked buffer has no address.") }
      return work(address)
    }
  }
#endif
