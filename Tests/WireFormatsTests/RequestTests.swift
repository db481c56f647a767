import ModelFiles
import Service
import Testing
import Tokenization

@testable import WireFormats

@Suite struct RequestTests {
  private func error<T>(_ body: () throws(ServiceError) -> T) -> ServiceError? {
    do throws(ServiceError) {
      _ = try body()
      return nil
    } catch {
      return error
    }
  }

  // MARK: - Enums

  @Test func everyRoleIsKnown() throws {
    let expected: [Duri_V1_Role: Role] = [
      .unspecified: .symmetric, .query: .query, .passage: .passage, .symmetric: .symmetric,
      .raw: .raw,
    ]
    for role in Duri_V1_Role.allCases { #expect(try Role(role) == expected[role], "\(role)") }
  }

  @Test func everyTruncationIsKnown() throws {
    let expected: [Duri_V1_Truncate: Truncation] = [
      .unspecified: .end, .error: .error, .end: .end, .start: .start,
    ]
    for value in Duri_V1_Truncate.allCases {
      #expect(try Truncation(value) == expected[value], "\(value)")
    }
  }

  @Test func everyEncodingIsKnown() throws {
    let expected: [Duri_V1_Encoding: VectorEncoding] = [
      .unspecified: .float32, .float32: .float32, .float16: .float16, .int8: .int8,
      .binary: .binary,
    ]
    for value in Duri_V1_Encoding.allCases {
      #expect(try VectorEncoding(value) == expected[value], "\(value)")
    }
  }

  @Test(arguments: [5, -1, 99, Int(Int32.max), Int(Int32.min)])
  func unknownEnumValuesNameTheirField(value: Int) {
    #expect(
      error { () throws(ServiceError) in try Role(.UNRECOGNIZED(value)) }
        == ServiceError(.invalidArgument, "role has the unknown value \(value)"))
    #expect(
      error { () throws(ServiceError) in try Truncation(.UNRECOGNIZED(value)) }
        == ServiceError(.invalidArgument, "options.truncate has the unknown value \(value)"))
    #expect(
      error { () throws(ServiceError) in try VectorEncoding(.UNRECOGNIZED(value)) }
        == ServiceError(.invalidArgument, "options.encoding has the unknown value \(value)"))
  }

  /// Unknown values must survive the wire to be refused: were they dropped, a newer client's choice
  /// would turn into the default in silence.
  @Test func unknownEnumValuesArriveAndAreRefused() throws {
    // role (3) = 77; options (5) { truncate (2) = 78 }; options (5) { encoding (4) = 79 }
    let bodies: [[UInt8]] = [[0x18, 77], [0x2A, 2, 0x10, 78], [0x2A, 2, 0x20, 79]]
    for (body, field) in zip(bodies, ["role", "options.truncate", "options.encoding"]) {
      let request = try Duri_V1_EmbedRequest(serializedBytes: body)
      let found = error { () throws(ServiceError) in try EmbedSettings(request) }
      #expect(found?.code == .invalidArgument)
      #expect(found?.message.hasPrefix("\(field) has the unknown value 7") == true)
    }
    // The same three places of a stream's settings: role (2), options (4).
    for body: [UInt8] in [[0x10, 77], [0x22, 2, 0x10, 78], [0x22, 2, 0x20, 79]] {
      let settings = try Duri_V1_StreamSettings(serializedBytes: body)
      #expect(
        error { () throws(ServiceError) in try EmbedSettings(settings) }?.code == .invalidArgument)
    }
  }

  // MARK: - Presence

  @Test func anEmptyRequestMeansAllDefaults() throws {
    let defaults = EmbedSettings(model: "")
    #expect(try EmbedSettings(Duri_V1_EmbedRequest(serializedBytes: [UInt8]())) == defaults)
    #expect(try EmbedSettings(Duri_V1_StreamSettings(serializedBytes: [UInt8]())) == defaults)
    #expect(defaults.instruction == nil)
    #expect(defaults.options == EmbedOptions())
  }

  @Test func falseAndZeroAreNotAbsent() throws {
    // options (5) { normalize (1) = false, dimensions (3) = 0 }; instruction (4) = ""
    let request = try Duri_V1_EmbedRequest(
      serializedBytes: [0x2A, 4, 0x08, 0, 0x18, 0, 0x22, 0] as [UInt8])
    let settings = try EmbedSettings(request)
    #expect(settings.options.normalize == false)
    #expect(settings.options.dimensions == 0)
    #expect(settings.instruction == "")
  }

  @Test(arguments: [nil, true, false] as [Bool?], [nil, 0, 1, 4_294_967_295] as [UInt32?])
  func optionalOptionsKeepTheirPresence(normalize: Bool?, dimensions: UInt32?) throws {
    var options = Duri_V1_EmbedOptions()
    if let normalize { options.normalize = normalize }
    if let dimensions { options.dimensions = dimensions }
    let received = try Duri_V1_EmbedOptions(serializedBytes: options.serializedBytes() as [UInt8])
    let converted = try EmbedOptions(received)
    #expect(converted.normalize == normalize)
    #expect(converted.dimensions == dimensions.map(Int.init))
  }

  // MARK: - There and back

  private static let choices: [EmbedOptions] = {
    var choices: [EmbedOptions] = []
    for normalize in [nil, true, false] as [Bool?] {
      for truncation in Truncation.allCases {
        for dimensions in [nil, 0, 256] as [Int?] {
          for encoding in VectorEncoding.allCases {
            choices.append(
              EmbedOptions(
                normalize: normalize, truncation: truncation, dimensions: dimensions,
                encoding: encoding))
          }
        }
      }
    }
    return choices
  }()

  @Test func optionsSurviveTheWayThereAndBack() throws {
    for options in Self.choices {
      let sent: [UInt8] = try Duri_V1_EmbedOptions(options).serializedBytes()
      #expect(try EmbedOptions(Duri_V1_EmbedOptions(serializedBytes: sent)) == options)
    }
  }

  @Test(arguments: [Role.query, .passage, .symmetric, .raw], [nil, "", "Find it"])
  func settingsSurviveTheWayThereAndBack(role: Role, instruction: String?) throws {
    for options in Self.choices {
      let settings = EmbedSettings(
        model: "두리", role: role, instruction: instruction, options: options)
      var request = Duri_V1_EmbedRequest()
      request.model = "두리"
      request.role = Duri_V1_Role(role)
      if let instruction { request.instruction = instruction }
      request.options = Duri_V1_EmbedOptions(options)
      let unary: [UInt8] = try request.serializedBytes()
      #expect(try EmbedSettings(Duri_V1_EmbedRequest(serializedBytes: unary)) == settings)

      var opening = Duri_V1_StreamSettings()
      opening.model = "두리"
      opening.role = Duri_V1_Role(role)
      if let instruction { opening.instruction = instruction }
      opening.options = Duri_V1_EmbedOptions(options)
      let stream: [UInt8] = try opening.serializedBytes()
      #expect(try EmbedSettings(Duri_V1_StreamSettings(serializedBytes: stream)) == settings)
    }
  }

  @Test func dimensionsBeyondTheWireAreClamped() {
    #expect(Duri_V1_EmbedOptions(EmbedOptions(dimensions: -5)).dimensions == 0)
    #expect(Duri_V1_EmbedOptions(EmbedOptions(dimensions: .max)).dimensions == .max)
  }
}
