// Loads and stores, with what is wrong with them.
#include "machine.h"
#include <algorithm>

const Allocations::Range *Allocations::containing(uintptr_t address) const {
    auto after = std::upper_bound(ranges.begin(), ranges.end(), address,
                                  [](uintptr_t a, const Range &range) { return a < range.start; });
    if (after == ranges.begin()) return nullptr;
    --after;
    return address - after->start < after->size ? &*after : nullptr;
}

static void touch(Warp &warp, const Instruction &it, int lane, uint64_t address, size_t size, bool isWrite) {
    auto &group = *warp.group;
    const uint32_t me = warp.item(lane), now = group.epoch;
    for (uint64_t word = address / 4; word <= (address + size - 1) / 4; word++) {
        auto &seen = group.touches[word];
        const bool written = seen.writeEpoch == now && seen.writer != me;
        const bool read = isWrite && seen.readEpoch == now && seen.reader != me;
        if (written || read)
            warp.fail(it, lane, "local memory at " + std::to_string(word * 4) + (isWrite ? " is written" : " is read") +
                      ", which item " + std::to_string(written ? seen.writer : seen.reader) +
                      (written ? " has written" : " has read") + " since the last barrier");
        if (isWrite) seen.writeEpoch = now, seen.writer = me;
        else if (seen.readEpoch != now) seen.readEpoch = now, seen.reader = me;
        else if (seen.reader != me) seen.reader = SEVERAL;
    }
}

// The place of what a lane reads or writes.
static uint8_t *place(Warp &warp, const Instruction &it, int lane, bool isWrite) {
    auto &group = *warp.group;
    const auto &launch = group.launch;
    const size_t size = size_t(it.size) * it.count;
    const uint64_t address = warp.at<uint64_t>(it.registers[12])[lane] + uint64_t(it.offset);
    if (address % size != 0) warp.fail(it, lane, "an address that is no multiple of " + std::to_string(size));
    const auto inside = [&](size_t bytes) {
        if (address > bytes || size > bytes - address)
            warp.fail(it, lane, "byte " + std::to_string(int64_t(address)) + " of " + std::to_string(bytes));
    };
    switch (it.space) {
    case Space::global: {
        auto &last = group.last;
        if (address - last.start >= last.size || size > last.size - (address - last.start)) {
            const auto range = launch.allocations.containing(address);
            if (range == nullptr) warp.fail(it, lane, "an address in no buffer");
            if (size > range->size - (address - range->start))
                warp.fail(it, lane, "behind a buffer of " + std::to_string(range->size) + " bytes");
            last = *range;
        }
        return reinterpret_cast<uint8_t *>(address);
    }
    case Space::shared:
        inside(launch.sharedBytes);
        touch(warp, it, lane, address, size, isWrite);
        return group.shared.data() + address;
    case Space::constant:
        inside(launch.program.constantMemory.size());
        return const_cast<uint8_t *>(launch.program.constantMemory.data()) + address;
    case Space::parameter:
        inside(launch.parameters.size());
        return const_cast<uint8_t *>(launch.parameters.data()) + address;
    case Space::local:
        inside(launch.kernel.localBytes);
        return warp.local.data() + size_t(lane) * launch.kernel.localBytes + address;
    }
    warp.fail(it, lane, "an unknown space");
}

template <class Register, bool isSigned> static void read(Warp &warp, const Instruction &it) {
    for (int lane = 0; lane < LANES; lane++) {
        if (!warp.takesPart[lane]) continue;
        const uint8_t *from = place(warp, it, lane, false);
        for (int i = 0; i < it.count; i++) {
            uint64_t value = 0;
            memcpy(&value, from + i * it.size, it.size);
            if (isSigned) value = uint64_t(int64_t(value << (64 - 8 * it.size)) >> (64 - 8 * it.size));
            warp.at<Register>(it.registers[i])[lane] = static_cast<Register>(value);
        }
    }
}
void load(Warp &warp, const Instruction &it) { read<uint32_t, false>(warp, it); }
void loadWide(Warp &warp, const Instruction &it) { read<uint64_t, false>(warp, it); }
void loadSigned(Warp &warp, const Instruction &it) { read<uint32_t, true>(warp, it); }
void loadSignedWide(Warp &warp, const Instruction &it) { read<uint64_t, true>(warp, it); }

void store(Warp &warp, const Instruction &it) {
    for (int lane = 0; lane < LANES; lane++) {
        if (!warp.takesPart[lane]) continue;
        uint8_t *to = place(warp, it, lane, true);
        for (int i = 0; i < it.count; i++) {
            const uint8_t *value = it.size == 8
                ? reinterpret_cast<uint8_t *>(&warp.at<uint64_t>(it.registers[i])[lane])
                : reinterpret_cast<uint8_t *>(&warp.at<uint32_t>(it.registers[i])[lane]);
            memcpy(to + i * it.size, value, it.size);
        }
    }
}
