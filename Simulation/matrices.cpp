// Products of matrices (PTX ISA, "Matrix Fragments for mma.m16n8k8" with .tf32, "for mma.m16n8k16" with .bf16). A lane is
// the `lane % 4`-th of the group `lane / 4`. Sums are added up exactly and rounded once; how the hardware does is not told.
#include "machine.h"
#include <bit>


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
