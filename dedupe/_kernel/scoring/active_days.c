/* On how many days and in how many weeks values stand: the twin of dedupe.scoring.active_days. */

#include "kernel.h"

enum { WEEK = 7, HALF_WEEK = WEEK / 2 };

static int64_t week_of(int64_t day) { return day >= 0 ? day / WEEK : -((WEEK - 1 - day) / WEEK); }

/* The distinct days of one thing, and its weeks, wherever weeks had better begin. */
typedef struct {
    int64_t day, weeks[2], days, counts[2];
} Span;

static void add_day(Span *span, int64_t day) {
    if (span->days && day == span->day) return;
    for (int shift = 0; shift < 2; shift++) {
        int64_t week = week_of(day + shift * HALF_WEEK);
        if (!span->days || week != span->weeks[shift]) span->counts[shift]++;
        span->weeks[shift] = week;
    }
    span->day = day;
    span->days++;
}

/* Count the days and weeks of each value among the survivors. */
Trouble count_spans(const ActiveDays *active_days, const uint8_t *survivors, int64_t *out) {
    for (ptrdiff_t thing = 0; thing < active_days->values; thing++) {
        int64_t stop = active_days->starts[thing + 1];
        if (active_days->starts[thing] < 0 || stop > active_days->size) return BAD_ARRAY;
        Span span = {0};
        for (int64_t i = active_days->starts[thing]; i < stop; i++) {
            int32_t record = active_days->shown_by[i];
            if (record < 0 || record >= active_days->records) return BAD_ARRAY;
            if (survivors[record]) add_day(&span, active_days->days[record]);
        }
        out[2 * thing] = span.days;
        out[2 * thing + 1] =
            span.counts[0] < span.counts[1] ? span.counts[0] : span.counts[1];
    }
    return FINE;
}
