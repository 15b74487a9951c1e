// Leads groups through a kernel: control, barriers, memory, and products of matrices.
#include "machine.h"
#include <algorithm>
#include <bit>
#include <cmath>

const Allocations::Range *Allocations::containing(uintptr_t address) const {
    auto after = std::upper_bound(ranges.begin(), ranges.end(), address,
                                  [](uintptr_t a, const Range &range) { return a < range.start; });
    if (after == ranges.begin()) return nullptr;
    --after;
    return address - after->start < after->size ? &*after : nullptr;
}

void Warp::fail(const Instruction &it, int lane, const std::string &why) const {
    const auto &place = group->place;
    throw Fault(group->launch.kernel.name + ", group " + std::to_string(place.x) + " " + std::to_string(place.y) + " " +
                std::to_string(place.z) + ", item " + std::to_string(item(lane)) + ": " + why + "; line " +
                std::to_string(it.line + 1) + ": " + group->launch.program.lines[it.line]);
}

// Groups and warps

Group::Group(const Launch &launch) : launch(launch) {
    const uint32_t items = launch.items.x * launch.items.y * launch.items.z;
    shared.resize(launch.sharedBytes + 16);
    touches.resize(launch.sharedBytes / 4 + 4);
    warps.resize((items + LANES - 1) / LANES);
}

void Group::run(Dimensions where) {
    place = where;
    // Nobody may rely on what local memory holds.
    std::fill(shared.begin(), shared.end(), 0xff);
    epoch++;
    for (uint32_t i = 0; i < warps.size(); i++) warps[i].begin(*this, i);
    while (true) {
        for (auto &warp : warps) if (!warp.isStopped) warp.run();
        const auto waiting = std::count_if(warps.begin(), warps.end(), [](auto &w) { return w.isWaiting; });
        if (waiting == 0) return;
        for (auto &warp : warps)
            if (!warp.isWaiting)
                throw Fault(launch.kernel.name + ": warp " + std::to_string(warp.index) +
                            " ends where others wait at a barrier");
        for (auto &warp : warps) warp.isWaiting = warp.isStopped = false;
        epoch++;
    }
}

void Warp::begin(Group &its, uint32_t number) {
    group = &its, index = number, counter = 0;
    const auto &kernel = its.launch.kernel;
    if (storage.empty()) {
        storage.resize(kernel.registerBytes + 64);
        local.resize(size_t(kernel.localBytes) * LANES);
        file = reinterpret_cast<uint8_t *>((reinterpret_cast<uintptr_t>(storage.data()) + 63) & ~uintptr_t(63));
    }
    // Registers that nobody has written hold anything.
    std::fill(storage.begin(), storage.end(), 0xa5);
    std::fill(local.begin(), local.end(), 0xff);
    for (const auto &constant : kernel.constants)
        for (int i = 0; i < LANES; i++)
            if (constant.isWide) at<uint64_t>(constant.at)[i] = constant.value;
            else at<uint32_t>(constant.at)[i] = static_cast<uint32_t>(constant.value);
    const auto &[size, count] = std::pair(its.launch.items, its.launch.groups);
    lanes = 0;
    for (int i = 0; i < LANES; i++) {
        const uint32_t n = item(i);
        if (n >= size.x * size.y * size.z) continue;
        lanes |= 1u << i;
        const auto set = [&](const char *name, uint32_t value) {
            const auto found = kernel.special.find(name);
            if (found != kernel.special.end()) at<uint32_t>(found->second)[i] = value;
        };
        set("%tid.x", n % size.x), set("%tid.y", n / size.x % size.y), set("%tid.z", n / size.x / size.y);
        set("%ntid.x", size.x), set("%ntid.y", size.y), set("%ntid.z", size.z);
        set("%ctaid.x", its.place.x), set("%ctaid.y", its.place.y), set("%ctaid.z", its.place.z);
        set("%nctaid.x", count.x), set("%nctaid.y", count.y), set("%nctaid.z", count.z);
        set("%laneid", i);
    }
    alive = lanes;
    branches.clear();
    isWaiting = isStopped = false;
    choose(lanes);
}

void Warp::choose(uint32_t chosen) {
    lanes = chosen;
    for (int i = 0; i < LANES; i++) takesPart[i] = chosen >> i & 1 ? ALL_LANES : 0;
}

static uint32_t agreeing(Warp &warp, const Instruction &it) {
    const auto values = warp.at<uint32_t>(it.guard);
    uint32_t found = 0;
    for (int i = 0; i < LANES; i++) found |= uint32_t((values[i] != 0) != it.isGuardInverted) << i;
    return found & warp.lanes;
}

void Warp::run() {
    const auto &code = group->launch.kernel.code;
    isStopped = false;
    for (uint64_t executed = 0; !isStopped; executed++) {
        const auto &it = code[counter++];
        if (executed == 20'000'000) fail(it, 0, "no end");
        if (it.guard < 0 || it.run == jump) { it.run(*this, it); continue; }
        const uint32_t all = lanes, some = agreeing(*this, it);
        if (some == 0) continue;
        if (it.run == leave || it.run == barrier) {
            if (some != all) fail(it, std::countr_zero(some), "only some items");
            it.run(*this, it);
            continue;
        }
        choose(some);
        it.run(*this, it);
        choose(all);
    }
}

// Control. Of lanes that are in different places, those that are furthest behind go first, so that they meet again.

void jump(Warp &warp, const Instruction &it) {
    const uint32_t going = it.guard < 0 ? warp.lanes : agreeing(warp, it);
    if (going == warp.lanes) { warp.counter = it.target; return; }
    if (going == 0) return;
    warp.branches.push_back({it.target, going, false});
    warp.choose(warp.lanes & ~going);
}

// The lanes of the branch that is furthest behind, of those that do not wait for others; false if all wait.
static bool next(Warp &warp) {
    uint32_t first = UINT32_MAX, found = 0;
    for (const auto &branch : warp.branches) if (!branch.isWaiting) first = std::min(first, branch.counter);
    if (first == UINT32_MAX) return false;
    std::erase_if(warp.branches, [&](const Branch &branch) {
        const bool isFound = !branch.isWaiting && branch.counter == first;
        if (isFound) found |= branch.lanes;
        return isFound;
    });
    warp.counter = first;
    warp.choose(found);
    return true;
}

void meet(Warp &warp, const Instruction &) {
    if (warp.branches.empty()) return;
    const uint32_t here = warp.counter - 1;
    warp.branches.push_back({here, warp.lanes, false});
    next(warp);
    if (warp.counter == here) warp.counter++;
}

/// At an instruction that all lanes execute together: whether they are all here. Otherwise others go on.
static bool areAllHere(Warp &warp, const Instruction &it) {
    if (warp.lanes == warp.alive) return true;
    const uint32_t here = warp.counter - 1;
    uint32_t found = warp.lanes;
    std::erase_if(warp.branches, [&](const Branch &branch) {
        const bool isHere = branch.isWaiting && branch.counter == here;
        if (isHere) found |= branch.lanes;
        return isHere;
    });
    if (found == warp.alive) { warp.choose(found); return true; }
    warp.branches.push_back({here, found, true});
    if (!next(warp)) warp.fail(it, std::countr_zero(found), "an instruction of all items that only some reach");
    return false;
}

void barrier(Warp &warp, const Instruction &it) {
    if (areAllHere(warp, it)) warp.isWaiting = warp.isStopped = true;
}

void leave(Warp &warp, const Instruction &it) {
    warp.alive &= ~warp.lanes;
    if (warp.alive == 0) { warp.isStopped = true; return; }
    if (next(warp)) return;
    warp.fail(it, std::countr_zero(warp.lanes), "items end where others of their warp wait");
}

// Memory

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

// Products of matrices (PTX ISA, "Matrix Fragments for mma.m16n8k8" with .tf32, "for mma.m16n8k16" with .bf16). A lane is
// the `lane % 4`-th of the group `lane / 4`. Sums are added up exactly and rounded once; how the hardware does is not told.

template <int DEPTH, class Left, class Right>
static void multiply(Warp &warp, const Instruction &it, Left left, Right right) {
    if (!areAllHere(warp, it)) return;
    if (warp.lanes != ALL_LANES) warp.fail(it, 0, "a product of matrices without all lanes of its warp");
    float a[16][DEPTH], b[DEPTH][8], result[4][LANES];
    for (int lane = 0; lane < LANES; lane++) {
        left(lane, a);
        right(lane, b);
    }
    for (int lane = 0; lane < LANES; lane++)
        for (int c = 0; c < 4; c++) {
            const int row = lane / 4 + (c < 2 ? 0 : 8), column = lane % 4 * 2 + (c & 1);
            double sum = warp.at<float>(it.registers[10 + c])[lane];
            for (int k = 0; k < DEPTH; k++) sum += double(a[row][k]) * double(b[k][column]);
            result[c][lane] = static_cast<float>(sum);
        }
    for (int c = 0; c < 4; c++) memcpy(warp.at<float>(it.registers[c]), result[c], sizeof result[c]);
}

void multiplyTF32(Warp &warp, const Instruction &it) {
    // The hardware looks at no more than the upper 19 bits.
    const auto number = [&](int operand, int lane) {
        const uint32_t bits = warp.at<uint32_t>(it.registers[operand])[lane] & 0xffffe000;
        return std::bit_cast<float>(bits);
    };
    multiply<8>(
        warp, it,
        [&](int lane, float a[16][8]) {
            const int row = lane / 4, column = lane % 4;
            a[row][column] = number(4, lane), a[row + 8][column] = number(5, lane);
            a[row][column + 4] = number(6, lane), a[row + 8][column + 4] = number(7, lane);
        },
        [&](int lane, float b[8][8]) {
            b[lane % 4][lane / 4] = number(8, lane), b[lane % 4 + 4][lane / 4] = number(9, lane);
        });
}

void multiplyBF16(Warp &warp, const Instruction &it) {
    const auto number = [&](int operand, int lane, int half) {
        const uint32_t bits = warp.at<uint32_t>(it.registers[operand])[lane];
        return std::bit_cast<float>(half == 0 ? bits << 16 : bits & 0xffff0000);
    };
    multiply<16>(
        warp, it,
        [&](int lane, float a[16][16]) {
            for (int i = 0; i < 8; i++) {
                const int row = lane / 4 + (i < 2 || (i >= 4 && i < 6) ? 0 : 8);
                a[row][lane % 4 * 2 + (i & 1) + (i < 4 ? 0 : 8)] = number(4 + i / 2, lane, i & 1);
            }
        },
        [&](int lane, float b[16][8]) {
            for (int i = 0; i < 4; i++)
                b[lane % 4 * 2 + (i & 1) + (i < 2 ? 0 : 8)][lane / 4] = number(8 + i / 2, lane, i & 1);
        });
}
