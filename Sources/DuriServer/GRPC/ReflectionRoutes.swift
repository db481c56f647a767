import GRPCTransport
import WireFormats

/// `grpc.reflection.v1` and `v1alpha`: clients without our protos learn them from the server.
struct ReflectionRoutes {
  static let services = [
    "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
  ]

  let descriptors: DescriptorIndex

  func add(to routes: inout Routes) {
    // Both versions have the same messages on the wire.
    for service in Self.services {
      routes.add("/\(service)/ServerReflectionInfo", .streaming(answer))
    }
  }

  private typealias Request = Grpc_Reflection_V1_ServerReflectionRequest
  private typealias Response = Grpc_Reflection_V1_ServerReflectionResponse

  private func answer(_ call: ServerCall) async throws {
    while let body = try await call.nextMessage() {
      let request = try decode(Request.self, body)
      try await call.send(try encode(response(to: request)))
    }
  }

  private func response(to request: Request) -> Response {
    var response = Response()
    response.validHost = request.host
    response.originalRequest = request
    switch request.messageRequest {
    case .fileByFilename(let name):
      setFiles(descriptors.file(named: name), of: &response)
    case .fileContainingSymbol(let symbol):
      setFiles(descriptors.file(containing: symbol), of: &response)
    case .listServices:
      response.listServicesResponse.service = descriptors.services.map { name in
        var service = Grpc_Reflection_V1_ServiceResponse()
        service.name = name
        return service
      }
    case .fileContainingExtension, .allExtensionNumbersOfType:
      setError(.notFound, "no message here has extensions", of: &response)
    case nil:
      setError(.invalidArgument, "the request asks for nothing", of: &response)
    }
    return response
  }

  private func setFiles(_ files: [DescriptorIndex.SerializedFile]?, of response: inout Response) {
    guard let files else {
      setError(.notFound, "no file or symbol of that name is known here", of: &response)
      return
    }
    response.fileDescriptorResponse.fileDescriptorProto = files
  }

  private func setError(_ code: GRPCError.Code, _ message: String, of response: inout Response) {
    response.errorResponse.errorCode = Int32(code.rawValue)
    response.errorResponse.errorMessage = message
  }
}
