# For the Podfile beside it; Swift packages use Package.swift.
Pod::Spec.new do |spec|
  spec.name = 'Digits'
  spec.version = '0.1.0'
  spec.summary = 'The model that the demo app runs, and its typed wrapper.'
  spec.homepage = 'http://example.com'
  spec.license = { :type => 'Apache-2.0', :text => 'LICENSE at the top of the repository' }
  spec.author = 'edgekit'
  spec.source = { :path => '.' }
  spec.platform = :ios, '15.0'
  spec.swift_version = '5.9'
  spec.static_framework = true
  spec.source_files = 'Sources/Digits/**/*.swift'
  spec.resources = 'Sources/Digits/Models/*'
  spec.dependency 'EdgeKitCore'
end
