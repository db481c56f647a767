import SwiftProtobuf
import Testing

@testable import WireFormats

@Suite struct FieldCountTests {
  @Test(arguments: [0, 1, 3, 300])
  func countsWhatDecodingFinds(_ count: Int) throws {
    var request = Duri_V1_EmbedRequest()
    request.model = "m"
    request.texts = (0..<count).map { String(repeating: "가", count: $0) }
    request.role = .passage
    request.instruction = "찾아라"
    request.options.dimensions = 9
    #expect(fieldCount(2, in: try request.serializedBytes()) == count)
  }

  @Test func fieldsOfEveryWireTypeAreSteppedOver() {
    // field 1 varint, field 3 fixed64, field 4 fixed32, then the counted field twice
    let bytes: [UInt8] =
      [0x08, 0xFF, 0x01, 0x19] + Array(repeating: 7, count: 8) + [0x25, 1, 2, 3, 4]
      + [0x12, 0x00, 0x12, 0x01, 0x61]
    #expect(fieldCount(2, in: bytes) == 2)
  }

  /// A group must not hide what follows it: decoders skip groups and go on.
  @Test func groupsHideNothing() {
    let group: [UInt8] = [0x9B, 0x06, 0x9C, 0x06]
    #expect(fieldCount(2, in: group + [0x12, 0x00, 0x12, 0x00]) == 2)
  }

  @Test(arguments: [
    [0x12, 0x05, 0x61], [0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0xFF], [0x0F],
    [0x19, 1], [0x12], [],
  ] as [[UInt8]])
  func malformedBytesEndTheCount(_ bytes: [UInt8]) {
    #expect(fieldCount(2, in: [0x12, 0x00] + bytes) == 1)
  }
}
