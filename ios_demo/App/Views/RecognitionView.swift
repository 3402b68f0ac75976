import SwiftUI

/// What the model says, as bars; or that it is asked, or why it cannot say anything.
struct RecognitionView: View {
  let phase: Phase<Recognition>
  /// Shown while nothing was asked for.
  let hint: String

  var body: some View {
    switch phase {
    case .idle:
      Text(hint).foregroundStyle(.secondary)
    case .running:
      ProgressView("Reading")
    case .failed(let reason):
      FailureView(reason: reason)
    case .done(let recognition):
      VStack(alignment: .leading, spacing: 12) {
        ForEach(recognition.classes.prefix(5)) { ClassBar(found: $0) }
        Text("\(recognition.milliseconds, format: .number.precision(.fractionLength(2))) ms")
          .font(.footnote.monospacedDigit())
          .foregroundStyle(.secondary)
          .accessibilityLabel("Time of this run")
          .accessibilityValue(
            "\(recognition.milliseconds, format: .number.precision(.fractionLength(2))) milliseconds"
          )
      }
    }
  }
}

/// One class: its label, a bar, and its share in percent.
struct ClassBar: View {
  let found: Recognition.Class

  var body: some View {
    VStack(alignment: .leading, spacing: 4) {
      HStack {
        Text(found.label).font(.headline)
        Spacer()
        Text(Double(found.share), format: .percent.precision(.fractionLength(1)))
          .font(.body.monospacedDigit())
      }
      ProgressView(value: min(1, max(0, Double(found.share))))
        .tint(.accentColor)
    }
    .accessibilityElement(children: .ignore)
    .accessibilityLabel(found.label)
    .accessibilityValue(Text(Double(found.share), format: .percent.precision(.fractionLength(1))))
  }
}

/// Why something could not be done.
struct FailureView: View {
  let reason: String

  var body: some View {
    Label(reason, systemImage: "exclamationmark.triangle")
      .foregroundStyle(.red)
      .frame(maxWidth: .infinity, alignment: .leading)
      .accessibilityLabel("Error: \(reason)")
  }
}
