import Digits
import EdgeKitCore
import Foundation
import Observation

/// What the screens show. It lives on the main actor; all work is the recognizer's, off it.
///
/// It outlives the views, so that turning the phone or switching screens loses nothing.
@MainActor
@Observable
final class DemoModel {
  /// The file and the threads that everything runs with. A change is recognized at once.
  var setup = Setup() {
    didSet {
      guard setup != oldValue else { return }
      selfTest = .idle
      recognizeDrawing()
      recognizePhoto()
    }
  }
  /// What was drawn. Change it by `draw`, `undo` and `clear`.
  private(set) var drawing = Drawing()
  /// What the model says of the drawing.
  private(set) var drawn: Phase<Recognition> = .idle
  /// The photo that was picked or taken last, upright.
  private(set) var photo: RGBImage?
  /// Whether the photo's digit is darker than its ground.
  var inkIsDark = true {
    didSet { if inkIsDark != oldValue { recognizePhoto() } }
  }
  /// What the model says of the photo.
  private(set) var photographed: Phase<Recognition> = .idle
  /// The benchmark that runs, or ran last.
  private(set) var benchmark: Phase<Timing> = .idle
  /// Timings of all setups, the last one first; of each setup the last one.
  private(set) var timings: [Timing] = []
  /// The self-test of this setup.
  private(set) var selfTest: Phase<SelfTestReport> = .idle

  private let recognizer = Recognizer()
  private var drawingTask: Task<Void, Never>?
  private var photoTask: Task<Void, Never>?
  private var benchmarkTask: Task<Void, Never>?

  /// How many threads can be chosen: one to as many as there are processors, four at most.
  let threadChoices = Array(1...max(1, min(4, ProcessInfo.processInfo.activeProcessorCount)))

  // MARK: Drawing

  /// Adds to the drawing: a new line where the finger was just put down.
  func draw(to point: Drawing.Point, isStart: Bool) {
    if isStart { drawing.begin(at: point) } else { drawing.extend(to: point) }
  }

  /// The finger was lifted: now the drawing is read.
  func finishLine() {
    recognizeDrawing()
  }

  /// Takes the last line away.
  func undo() {
    drawing.undo()
    recognizeDrawing()
  }

  /// Takes the drawing away.
  func clear() {
    drawing.clear()
    recognizeDrawing()
  }

  private func recognizeDrawing() {
    drawingTask?.cancel()
    guard !drawing.isEmpty else {
      drawn = .idle
      return
    }
    drawn = .running(nil)
    drawingTask = Task { [recognizer, drawing, setup] in
      let found = await Self.phase {
        try await recognizer.recognize(.drawing(drawing), setup: setup)
      }
      if !Task.isCancelled { drawn = found }
    }
  }

  // MARK: Photo

  /// Takes a photo to read, or says why there is none.
  func show(photo result: Result<RGBImage, any Error>) {
    switch result {
    case .success(let image):
      photo = image
      recognizePhoto()
    case .failure(let error):
      photoTask?.cancel()
      photo = nil
      photographed = .failed(error.localizedDescription)
    }
  }

  private func recognizePhoto() {
    photoTask?.cancel()
    guard let photo else { return }
    photographed = .running(nil)
    photoTask = Task { [recognizer, setup, inkIsDark] in
      let found = await Self.phase {
        try await recognizer.recognize(.photo(photo, inkIsDark: inkIsDark), setup: setup)
      }
      if !Task.isCancelled { photographed = found }
    }
  }

  // MARK: Benchmark and self-test

  /// Times the setup on the drawing, or on a digit of its own where nothing is drawn.
  func startBenchmark(plan: BenchmarkPlan = BenchmarkPlan()) {
    benchmarkTask?.cancel()
    benchmark = .running(0)
    benchmarkTask = Task { [recognizer, drawing, setup] in
      let found = await Self.phase {
        let picture = Picture.drawing(drawing.isEmpty ? .one : drawing)
        return try await recognizer.benchmark(picture, setup: setup, plan: plan) { share in
          Task { @MainActor [weak self] in
            if self?.benchmark.isRunning == true { self?.benchmark = .running(share) }
          }
        }
      }
      guard !Task.isCancelled else { return }
      benchmark = found
      if let value = found.value {
        timings = [value] + timings.filter { $0.id != value.id }
      }
    }
  }

  /// Ends the benchmark that runs; what it timed is dropped.
  func stopBenchmark() {
    benchmarkTask?.cancel()
    benchmark = .idle
  }

  /// Replays the golden samples with the setup.
  func startSelfTest() {
    selfTest = .running(nil)
    Task { [recognizer, setup] in
      let found = await Self.phase {
        try await recognizer.selfTest(setup: setup)
      }
      if setup == self.setup { selfTest = found }
    }
  }

  private static func phase<Value>(
    _ work: () async throws -> Value
  ) async -> Phase<Value> {
    do {
      return .done(try await work())
    } catch {
      return .failed(error.localizedDescription)
    }
  }
}
