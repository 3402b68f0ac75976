import EdgeKitCore
import SwiftUI

/// Does this device compute what the host computed? Replays the bundle's golden samples.
struct SelfTestView: View {
  @Environment(DemoModel.self) private var model

  var body: some View {
    List {
      Section {
        Button("Run", systemImage: "play") { model.startSelfTest() }
          .disabled(model.selfTest.isRunning)
      } header: {
        Text(model.setup.variant.rawValue)
      } footer: {
        Text("Runs the samples that the host ran before the model was bundled, and compares.")
      }
      switch model.selfTest {
      case .idle:
        EmptyView()
      case .running:
        ProgressView("Running")
      case .failed(let reason):
        FailureView(reason: reason)
      case .done(let report):
        SelfTestSections(report: report)
      }
    }
  }
}

/// The verdict, and each output's worst difference beside what is allowed.
struct SelfTestSections: View {
  let report: SelfTestReport

  var body: some View {
    Section {
      Label(verdict, systemImage: report.passed ? "checkmark.circle.fill" : "xmark.octagon.fill")
        .foregroundStyle(report.passed ? .green : .red)
        .font(.headline)
      LabeledContent("Samples", value: report.sampleCount, format: .number)
    }
    ForEach(report.outputs, id: \.name) { output in
      Section(output.name) {
        LabeledContent("Worst difference", value: output.worst, format: Self.number)
        LabeledContent("Tolerance", value: output.tolerance, format: Self.number)
        LabeledContent("Root mean square", value: output.rms, format: Self.number)
        LabeledContent("Tolerance of it", value: output.allowed.rms, format: Self.number)
        if let least = output.allowed.agreement {
          LabeledContent("Top-1 agreement", value: "\(output.agreement), at least \(least)")
        }
        LabeledContent("Equal values", value: "\(output.equalCount) of \(output.valueCount)")
      }
    }
  }

  private static let number = FloatingPointFormatStyle<Double>()
    .notation(.scientific).precision(.significantDigits(3))

  private var verdict: LocalizedStringKey {
    if report.isBitExact { return "Bit-exact: every value is the host's." }
    return report.passed
      ? "Within the tolerance of the host's values." : "Beyond the tolerance of the host's values."
  }
}
