// swift-tools-version: 5.9
// Builds what the app has besides its screens, and its tests, on Linux. `check_app.sh` lays the
// sources beside this file.
import PackageDescription

let package = Package(
  name: "AppLogic",
  dependencies: [.package(path: "/source/ios_demo")],
  targets: [
    .target(
      name: "AppLogic",
      dependencies: [
        .product(name: "EdgeKitCore", package: "ios_demo"),
        .product(name: "Digits", package: "ios_demo"),
      ],
      swiftSettings: [.enableExperimentalFeature("StrictConcurrency")]),
    .testTarget(
      name: "AppLogicTests",
      dependencies: [
        "AppLogic",
        .product(name: "EdgeKitCore", package: "ios_demo"),
        .product(name: "Digits", package: "ios_demo"),
      ],
      // Swift 6.0's Observation on Linux names a function of the runtime that is not exported. It
      // is called where a lock is broken only.
      linkerSettings: [.unsafeFlags(["-Xlinker", "--allow-shlib-undefined"])]),
  ]
)
