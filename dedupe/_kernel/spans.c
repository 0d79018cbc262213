/* On how many days and in how many weeks things stand: the twin of dedupe.pipeline.spans. */

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

/* Count the days and weeks of each thing among the records that are alive. */
Trouble count_spans(const Calendar *calendar, const uint8_t *alive, int64_t *out) {
    for (ptrdiff_t thing = 0; thing < calendar->things; thing++) {
        int64_t stop = calendar->starts[thing + 1];
        if (calendar->starts[thing] < 0 || stop > calendar->size) return BAD_ARRAY;
        Span span = {0};
        for (int64_t i = calendar->starts[thing]; i < stop; i++) {
            int32_t record = calendar->shown_by[i];
            if (record < 0 || record >= calendar->records) return BAD_ARRAY;
            if (alive[record]) add_day(&span, calendar->days[record]);
        }
        out[2 * thing] = span.days;
        out[2 * thing + 1] =
            span.counts[0] < span.counts[1] ? span.counts[0] : span.counts[1];
    }
    return FINE;
}
