import COpenCL
import Compute

extension OpenCLDevice {
    public func allocate(bytes: Int) throws -> Buffer {
        try OpenCLBuffer(bytes: bytes, on: self)
    }

    public var memory: MemoryUsage { pool.usage }

    /// Uploads of more than this wait for the device instead of being copied first.
    private static var largestStagedUpload: Int { 64 << 20 }

    public func upload(_ source: UnsafeRawBufferPointer, to buffer: Buffer, offset: Int) throws {
        let target = try own(buffer, offset: offset, count: source.count, what: "an upload")
        guard source.count > 0, let base = source.baseAddress else { return }
        try lock.locked {
            staging.releaseCompleted()
            let bytes = source.count
            // With nothing queued the device copies at once, and nothing is gained by copying twice.
            if !isBusy || bytes + staging.bytes > OpenCLDevice.largestStagedUpload {
                try check(
                    tessera_clEnqueueWriteBuffer(
                        queue, target.memory.handle, cl_bool(CL_TRUE), offset, bytes, base, 0, nil, nil),
                    "clEnqueueWriteBuffer")
                return
            }
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 64)
            copy.copyMemory(from: source)
            var event: cl_event?
            let code = tessera_clEnqueueWriteBuffer(
                queue, target.memory.handle, cl_bool(CL_FALSE), offset, bytes, copy.baseAddress, 0, nil, &event)
            guard code == CL_SUCCESS, let event else {
                copy.deallocate()
                return try check(code, "clEnqueueWriteBuffer")
            }
            staging.keep(copy, until: event)
        }
    }

    public func download(_ buffer: Buffer, offset: Int, into destination: UnsafeMutableRawBufferPointer) throws {
        let source = try own(buffer, offset: offset, count: destination.count, what: "a download")
        guard destination.count > 0, let base = destination.baseAddress else { return }
        try lock.locked {
            try check(
                tessera_clEnqueueReadBuffer(
                    queue, source.memory.handle, cl_bool(CL_TRUE), offset, destination.count, base, 0, nil, nil),
                "clEnqueueReadBuffer")
            // The queue is in order, so all before the read is done too.
            isBusy = false
            staging.releaseAll()
        }
    }

    /// The buffer as one of this device's, with a range of bytes inside it.
    private func own(_ buffer: Buffer, offset: Int, count: Int, what: String) throws(DeviceError) -> OpenCLBuffer {
        guard let own = buffer as? OpenCLBuffer, own.device === self else {
            throw .badBuffer(device: info.name, what: "\(what) names a buffer of another device; move the tensor here")
        }
        guard offset >= 0, count <= own.bytes, offset <= own.bytes - count else {
            throw .badBuffer(
                device: info.name,
                what: "\(what) of \(count) bytes from byte \(offset) on leaves a buffer of \(own.bytes) bytes")
        }
        return own
    }
}
