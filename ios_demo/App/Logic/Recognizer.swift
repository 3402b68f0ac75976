import Digits
import EdgeKitCore

/// What to run: which file of the bundle, on how many threads.
struct Setup: Equatable, Sendable {
  /// The file.
  var variant: DigitsVariant = .staticWi8Ai8
  /// Threads of the runtime, 1 or more.
  var threads: Int = 1
}

/// Owns the model. An actor, so that one piece of work runs at a time, and never on the main
/// thread; the model is loaded when it is first needed, and again when the setup changes.
actor Recognizer {
  /// Seconds after which a benchmark lets other work come between two runs. It is no less, because
  /// a run after that may be on another core, with nothing in its caches.
  private static let longestTurn = 0.05
  private var loaded: (setup: Setup, model: Digits)?

  /// The classes of a picture, most probable first.
  ///
  /// - Throws: `EdgeKitError` where the picture is empty, or the model cannot be loaded or run.
  func recognize(_ picture: Picture, setup: Setup) throws -> Recognition {
    let model = try model(for: setup)
    let image = try picture.image()
    let timed = try Benchmark.seconds { try model.run(image: image) }
    let classes = timed.result.digit.topK(10).map {
      Recognition.Class(label: $0.label, share: $0.score)
    }
    return Recognition(classes: classes, milliseconds: timed.seconds * 1e3)
  }

  /// Times whole runs, preprocessing to results, after some that do not count.
  ///
  /// - Parameter progress: Is told the share that is done, 0 to 1, some twenty times a second.
  /// - Throws: `CancellationError` where the task is cancelled, `EdgeKitError` as `recognize`.
  func benchmark(
    _ picture: Picture, setup: Setup, plan: BenchmarkPlan,
    progress: @Sendable (Double) -> Void
  ) async throws -> Timing {
    let model = try model(for: setup)
    let image = try picture.image()
    let all = plan.warmUps + plan.runs
    var milliseconds = [Double]()
    milliseconds.reserveCapacity(plan.runs)
    var busy = 0.0
    for run in 0..<all {
      try Task.checkCancellation()
      let seconds = try Benchmark.seconds { try model.run(image: image) }.seconds
      if run >= plan.warmUps { milliseconds.append(seconds * 1e3) }
      busy += seconds
      if busy > Self.longestTurn {
        busy = 0
        progress(Double(run) / Double(all))
        await Task.yield()  // others may want the model, too
      }
    }
    return Timing(setup: setup, statistics: try Statistics(milliseconds))
  }

  /// Replays the golden samples: does this device compute what the host computed?
  ///
  /// - Throws: `EdgeKitError` where the model cannot be loaded or run.
  func selfTest(setup: Setup) throws -> SelfTestReport {
    try model(for: setup).selfTest()
  }

  private func model(for setup: Setup) throws -> Digits {
    if let loaded, loaded.setup == setup { return loaded.model }
    loaded = nil  // the old one goes before the new one comes: they are never both in memory
    let model = try Digits(variant: setup.variant, threads: setup.threads)
    loaded = (setup, model)
    return model
  }
}
