// What EdgeKitCore uses of the pod TensorFlowLiteSwift (2.17), declared by us as its public source does
// (tflite/swift/Sources of google-ai-edge/LiteRT, read at tag v2.2.0), to type-check TensorFlowLiteEngine where the pod cannot be had. Nothing of it runs.
import Foundation

public class Delegate {}

public struct Tensor: Equatable, Hashable {
  public let name: String
  public let data: Data
}

public final class Interpreter {
  public struct Options {
    public var threadCount: Int?
    public init() {}
  }

  public convenience init(
    modelPath: String, options: Options? = nil, delegates: [Delegate]? = nil
  ) throws { fatalError() }
  public var signatureKeys: [String] { fatalError() }
  public func signatureRunner(with key: String) throws -> SignatureRunner { fatalError() }
}

public final class SignatureRunner {
  init() {}
  public var inputs: [String] { fatalError() }
  public var outputs: [String] { fatalError() }
  public func allocateTensors() throws {}
  public func input(named name: String) throws -> Tensor { fatalError() }
  public func output(named name: String) throws -> Tensor { fatalError() }
  public func invoke(with inputs: [String: Data]) throws {}
}
