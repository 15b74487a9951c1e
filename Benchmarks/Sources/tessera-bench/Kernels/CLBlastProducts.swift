import CLBlastPeer

/// CLBlast's products on one OpenCL device, in a queue of its own: found at run time (Debian: libclblast1), untuned for the
/// device unless the library has parameters for it.
final class CLBlastProducts {
    private let peer: OpaquePointer
    let name: String

    /// Nil where there is no CLBlast, or no such device.
    init?(deviceName: String) {
        guard let peer = clblast_peer_open(deviceName) else { return nil }
        self.peer = peer
        name = "CLBlast on \(deviceName)"
    }

    deinit { clblast_peer_close(peer) }

    /// Seconds of a product of a workload; nil for one that is none, and where CLBlast fails.
    func seconds(_ workload: KernelWorkload) -> Double? {
        let isTransposed = workload.kind == .transposedProduct
        guard isTransposed || workload.kind == .product else { return nil }
        let sizes = workload.sizes
        guard clblast_peer_prepare(peer, sizes[0], sizes[1], sizes[2], isTransposed) else { return nil }
        var isRight = clblast_peer_product(peer)
        let time = timed(
            { isRight = clblast_peer_product(peer) && isRight }, finish: { _ = clblast_peer_finish(peer) })
        return isRight ? time : nil
    }
}
