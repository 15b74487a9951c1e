import COpenCL

/// Copies of host memory that an upload has queued for the device: the caller may reuse its own at once.
struct Staging {
    private var copies: [(event: cl_event, copy: UnsafeMutableRawBufferPointer)] = []

    /// Keeps a copy until its event has completed.
    mutating func keep(_ copy: UnsafeMutableRawBufferPointer, until event: cl_event) {
        copies.append((event, copy))
    }

    /// Bytes held.
    var bytes: Int { copies.reduce(0) { $0 + $1.copy.count } }

    /// Frees what the device has read by now.
    mutating func releaseCompleted() {
        copies.removeAll { event, copy in
            var status: cl_int = 0
            let what = cl_event_info(CL_EVENT_COMMAND_EXECUTION_STATUS)
            let code = tessera_clGetEventInfo(event, what, MemoryLayout<cl_int>.size, &status, nil)
            // A negative status is an error, after which the device does not read any more either.
            guard code == CL_SUCCESS, status <= CL_COMPLETE else { return false }
            Staging.release(event, copy)
            return true
        }
    }

    /// Frees all, after the queue has finished.
    mutating func releaseAll() {
        for (event, copy) in copies { Staging.release(event, copy) }
        copies = []
    }

    private static func release(_ event: cl_event, _ copy: UnsafeMutableRawBufferPointer) {
        _ = tessera_clReleaseEvent(event)
        copy.deallocate()
    }
}
