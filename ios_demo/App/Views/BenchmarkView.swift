import SwiftUI

/// Times the model on this device: whole runs, preprocessing to results.
struct BenchmarkView: View {
  @Environment(DemoModel.self) private var model

  var body: some View {
    List {
      Section {
        switch model.benchmark {
        case .idle, .done:
          Button("Start", systemImage: "play") { model.startBenchmark() }
        case .running(let share):
          ProgressView(value: share ?? 0) { Text("Running") }
          Button("Stop", systemImage: "stop", role: .cancel) { model.stopBenchmark() }
        case .failed(let reason):
          FailureView(reason: reason)
          Button("Try again", systemImage: "arrow.clockwise") { model.startBenchmark() }
        }
      } header: {
        Text("\(model.setup.variant.rawValue), threads: \(model.setup.threads)")
      } footer: {
        Text(
          """
          \(BenchmarkPlan().runs) runs after \(BenchmarkPlan().warmUps) that do not count, on the \
          drawing. Preprocessing and reading back are part of each.
          """)
      }
      ForEach(model.timings) { timing in
        Section("\(timing.setup.variant.rawValue), threads: \(timing.setup.threads)") {
          row("Median", timing.statistics.median)
          row("90th percentile", timing.statistics.p90)
          row("Fastest", timing.statistics.minimum)
          LabeledContent("Runs", value: timing.statistics.count, format: .number)
        }
      }
    }
  }

  private func row(_ title: LocalizedStringKey, _ milliseconds: Double) -> some View {
    LabeledContent(title) {
      Text("\(milliseconds, format: .number.precision(.fractionLength(3))) ms")
        .font(.body.monospacedDigit())
    }
  }
}
