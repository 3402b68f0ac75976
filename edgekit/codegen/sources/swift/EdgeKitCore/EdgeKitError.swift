import Foundation

/// What went wrong, in words for the person: what happened or must be, and what was received.
public struct EdgeKitError: Error, Equatable, CustomStringConvertible, LocalizedError {
  /// Kinds of errors, for code that treats them differently.
  public enum Kind: Sendable {
    /// Input that the model does not take: a size, a value out of range, NaN.
    case input
    /// A file of the bundle is missing, or is not what it should be.
    case resource
    /// The runtime refused to load or to run the model.
    case engine
  }

  /// What kind of error it is.
  public let kind: Kind
  /// What happened, or what must be.
  public let rule: String
  /// What was there; may be empty.
  public let received: String

  /// An error of `kind` that says `rule` and what was received.
  public init(_ kind: Kind, _ rule: String, received: String = "") {
    self.kind = kind
    self.rule = rule
    self.received = received
  }

  /// What happened or must be, and what was received.
  public var description: String { received.isEmpty ? rule : "\(rule) Received: \(received)" }
  /// The same for `localizedDescription`.
  public var errorDescription: String? { description }
}
