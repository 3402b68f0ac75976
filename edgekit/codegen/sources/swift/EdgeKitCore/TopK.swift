/// One class, and how the model rates it.
public struct Prediction: Equatable, Sendable {
  /// The class's position in the output.
  public let index: Int
  /// The class's name; its index where the contract has no name for it.
  public let label: String
  /// The model's value for it, in real units.
  public let score: Float

  /// A class with its value.
  public init(index: Int, label: String, score: Float) {
    self.index = index
    self.label = label
    self.score = score
  }
}

/// An output with one value for each class.
public struct LabelledScores: Equatable, Sendable {
  /// Real values, one for each class.
  public let values: [Float]
  /// The classes' names, in the order of the values.
  public let labels: [String]

  /// Values and their labels.
  public init(values: [Float], labels: [String]) {
    self.values = values
    self.labels = labels
  }

  /// The `count` highest classes (all, where there are fewer), the highest first.
  ///
  /// Of equal values the earlier class comes first; NaN comes last.
  public func topK(_ count: Int = 5) -> [Prediction] {
    let ranked = values.indices.sorted { first, second in
      let (a, b) = (values[first], values[second])
      if a.isNaN || b.isNaN { return a.isNaN == b.isNaN ? first < second : b.isNaN }
      return a == b ? first < second : a > b
    }
    return ranked.prefix(max(0, count)).map {
      Prediction(index: $0, label: $0 < labels.count ? labels[$0] : "\($0)", score: values[$0])
    }
  }

  /// The highest class; nil where there is none.
  public var best: Prediction? { topK(1).first }
}
