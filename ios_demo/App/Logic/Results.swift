import EdgeKitCore

/// What the model said of an image.
struct Recognition: Equatable, Sendable {
  /// A class, and its share of all.
  struct Class: Equatable, Sendable, Identifiable {
    /// As the contract has it.
    let label: String
    /// 0 to 1.
    let share: Float

    var id: String { label }
  }

  /// All classes, most probable first.
  let classes: [Class]
  /// What this one run took, preprocessing to results.
  let milliseconds: Double
}

/// How much is timed.
struct BenchmarkPlan: Equatable, Sendable {
  /// Runs before the ones that count: caches are filled, and the processor's clock has risen.
  var warmUps = 20
  /// Runs that count.
  var runs = 400
}

/// Timed runs of one setup.
struct Timing: Equatable, Sendable, Identifiable {
  /// What ran.
  let setup: Setup
  /// Of what each run took, in milliseconds.
  let statistics: Statistics

  var id: String { "\(setup.variant.rawValue) \(setup.threads)" }
}

/// What a person is told of work that may be under way.
enum Phase<Value: Sendable & Equatable>: Sendable, Equatable {
  /// Nothing was asked for.
  case idle
  /// It is being worked on; 0 to 1 where that is known.
  case running(Double?)
  /// It was done.
  case done(Value)
  /// It could not be done: words for the person.
  case failed(String)

  /// The result, where there is one.
  var value: Value? {
    if case .done(let value) = self { value } else { nil }
  }

  /// Whether it is being worked on.
  var isRunning: Bool {
    if case .running = self { true } else { false }
  }
}
