// Leads groups through a kernel: control and barriers.
#include "machine.h"
#include <algorithm>
#include <bit>

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
        // Registers and memory that no item has written hold anything: at first this, then what a group has left.
        storage.assign(kernel.registerBytes + 64, 0xa5);
        local.assign(size_t(kernel.localBytes) * LANES, 0xff);
        file = reinterpret_cast<uint8_t *>((reinterpret_cast<uintptr_t>(storage.data()) + 63) & ~uintptr_t(63));
        for (const auto &constant : kernel.constants)
            for (int i = 0; i < LANES; i++)
                if (constant.isWide) at<uint64_t>(constant.at)[i] = constant.value;
                else at<uint32_t>(constant.at)[i] = static_cast<uint32_t>(constant.value);
    }
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

bool areAllHere(Warp &warp, const Instruction &it) {
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
