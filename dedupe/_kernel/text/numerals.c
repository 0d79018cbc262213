/* The values of ideographs and of Korean syllables that are numbers: the twin of
 * dedupe/text/numerals.py. */

#include <string.h>

#include "text/text.h"

enum { MYRIAD = 10000 };

static const uint32_t NUMERALS[] = {
    0x96F6, 0, 0x3007, 0, 0x4E00, 1, 0x4E8C, 2, 0x4E24, 2, 0x4E09, 3, 0x56DB, 4, 0x4E94, 5,
    0x516D, 6, 0x4E03, 7, 0x516B, 8, 0x4E5D, 9,
};
static const struct {
    uint32_t code;
    double value;
} POWERS[] = {{0x5341, 10}, {0x767E, 100}, {0x5343, 1000}, {0x4E07, 1e4}, {0x5104, 1e8},
              {0x4EBF, 1e8}, {0x5146, 1e12}};
/* 人名岁歳年月日号個个件位家次元円圆时時分度阶階回点票架艘辆台戸户所校车車米吨斤倍例死伤强胜勝敗负局連连天周週秒种項项
 * 部條条只届期集场款批层楼季轮 */
static const uint16_t COUNTED[] = {
    0x4E2A, 0x4EBA, 0x4EF6, 0x4F4D, 0x4F24, 0x4F8B, 0x500B, 0x500D, 0x5143, 0x5186, 0x5206,
    0x52DD, 0x53EA, 0x53F0, 0x53F7, 0x540D, 0x5428, 0x5468, 0x56DE, 0x5706, 0x573A, 0x5929,
    0x5B63, 0x5BB6, 0x5C40, 0x5C42, 0x5C4A, 0x5C81, 0x5E74, 0x5EA6, 0x5F3A, 0x6240, 0x6237,
    0x6238, 0x6279, 0x6557, 0x65A4, 0x65E5, 0x65F6, 0x6642, 0x6708, 0x671F, 0x6761, 0x67B6,
    0x6821, 0x689D, 0x697C, 0x6B21, 0x6B3E, 0x6B73, 0x6B7B, 0x70B9, 0x7968, 0x79CD, 0x79D2,
    0x7C73, 0x80DC, 0x8258, 0x8ECA, 0x8F66, 0x8F6E, 0x8F86, 0x8FDE, 0x9023, 0x9031, 0x90E8,
    0x9636, 0x968E, 0x96C6, 0x9879, 0x9805, 0x8D1F,
};

/* numerals.DIGITS */
int digit_of(uint32_t code) {
    for (size_t i = 0; i < sizeof NUMERALS / sizeof *NUMERALS; i += 2)
        if (NUMERALS[i] == code) return (int)NUMERALS[i + 1];
    return -1;
}

/* numerals.POWERS */
double power_of(uint32_t code) {
    for (size_t i = 0; i < sizeof POWERS / sizeof *POWERS; i++)
        if (POWERS[i].code == code) return POWERS[i].value;
    return 0;
}

/* numerals.COUNTED */
int is_counted(uint32_t code) {
    for (size_t i = 0; i < sizeof COUNTED / sizeof *COUNTED; i++)
        if (COUNTED[i] == code) return 1;
    return 0;
}

/* numerals.numeral_value */
double numeral_value(const uint32_t *letters, uint32_t count) {
    double total = 0, section = 0, digit = 0;
    int powers = 0;
    for (uint32_t i = 0; i < count; i++) powers |= power_of(letters[i]) > 0;
    for (uint32_t i = 0; i < count; i++) {
        double factor = power_of(letters[i]);
        if (!powers) {
            total = total * 10 + digit_of(letters[i]);
        } else if (!factor) {
            digit = digit_of(letters[i]);
        } else if (factor < MYRIAD) {
            section += (i && digit_of(letters[i - 1]) >= 0 ? digit : 1) * factor;
            digit = 0;
        } else {
            total += (section + digit ? section + digit : 1) * factor;
            section = digit = 0;
        }
    }
    return total + section + digit;
}

/* Multipliers of Korean by their letters: sip, baek, cheon, man, eok, jo. */
static const struct {
    uint32_t letters[3];
    double value;
} HANGUL_POWERS[] = {
    {{0x1109, 0x1175, 0x11B8}, 10}, {{0x1107, 0x1162, 0x11A8}, 100},
    {{0x110E, 0x1165, 0x11AB}, 1e3}, {{0x1106, 0x1161, 0x11AB}, 1e4},
    {{0x110B, 0x1165, 0x11A8}, 1e8}, {{0x110C, 0x1169, 0}, 1e12},
};

enum { HANGUL_LETTERS = 3, FINAL_JAMO = 0x11A8 };

/* numerals.power_at: how many letters a multiplier has that stands there, 0 for none. */
static uint32_t power_at(const uint32_t *letters, uint32_t count, double *power) {
    for (size_t i = 0; i < sizeof HANGUL_POWERS / sizeof *HANGUL_POWERS; i++) {
        uint32_t size = HANGUL_POWERS[i].letters[HANGUL_LETTERS - 1] ? 3 : 2;
        if (count < size || memcmp(letters, HANGUL_POWERS[i].letters, size * sizeof *letters))
            continue;
        if (count > size && letters[size] >= FINAL_JAMO) continue;
        *power *= HANGUL_POWERS[i].value;
        return size;
    }
    return 0;
}

/* numerals.hangul_power: 0 where a word begins with no multiplier. */
double hangul_power(const uint32_t *letters, uint32_t count) {
    double power = 1;
    for (uint32_t at = 0, size; (size = power_at(letters + at, count - at, &power)); at += size)
        ;
    return power > 1 ? power : 0;
}
