/// A row of a table as the model takes it: mean and std by column.
public struct TabularInput: Equatable, Sendable {
  /// Values that the model takes in all, a multiple of `features`.
  public let count: Int
  /// Columns: the size of the input's last axis.
  public let features: Int
  /// The columns' names in order; empty where the contract does not name them.
  public let columns: [String]
  /// Mean and std: one, or one for each column.
  public let normalization: Normalization

  /// The preprocessing of a tabular input, as the contract states it.
  public init(
    count: Int, features: Int, columns: [String] = [], normalization: Normalization
  ) {
    self.count = count
    self.features = features
    self.columns = columns
    self.normalization = normalization
  }

  /// `count` real values.
  ///
  /// - Throws: `EdgeKitError` where there are more or fewer.
  public func values(_ row: [Float]) throws -> [Float] {
    guard row.count == count else {
      throw EdgeKitError(
        .input, "The model needs \(count) values.", received: "\(row.count) values")
    }
    return row.enumerated().map { normalization($1, at: $0 % features) }
  }

  /// `count` real values, of values by column name.
  ///
  /// - Throws: `EdgeKitError` where a column is missing, or the input is not one row.
  public func values(_ row: [String: Float]) throws -> [Float] {
    try values(
      columns.map { column in
        guard let value = row[column] else {
          throw EdgeKitError(.input, "Every column needs a value.", received: "none for \(column)")
        }
        return value
      })
  }
}
