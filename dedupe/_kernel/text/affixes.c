/* What a desk puts around a headline: the twin of dedupe/text/affixes.py. */

#include "text/text.h"

enum {
    MOST_TAGS = 5,
    TAG_WORDS = 4,
    TAG_IDEOGRAPHS = 8,
    SLUG_WORDS = 3,
    SLUG_LETTERS = 4,
    MOST_CLOSINGS = 4,
    BRACKET_WORDS = 3,
    TAIL_WORDS = 5,
    KICKER_WORDS = 4,
    OUTLET_NAME_WORDS = 4,
    DOMAIN_WORDS = 3,
    LEAST_BESIDE_TAIL = 4,
    LEAST_BESIDE_KICKER = 2,
    BREAK = GAP_HYPHEN | GAP_DASH | GAP_COLON | GAP_PIPE | GAP_BRACKET,
};

static const char *const OUTLET_WORDS[] = {
    "news", "times", "post", "herald", "tribune", "daily", "gazette", "journal", "courier",
    "chronicle", "online", "tv", "radio", "com", "zeitung", "express", "mail", "today",
    "telegraph", "magazine", "press", "agency", "net", "org", "observer", "mirror", "sun",
    "guardian", "reuters", "bbc", "cnn", NULL,
};
static const char *const DOMAINS[] = {"com", "de", "fr", "org", "net", "tv", NULL};
static const char *const COUNTERS[] = {"comment", "kommentar", "coment", "comm", "repl", "point",
                                       NULL};
static const char *const MARKERS[] = {"pdf", "ot", "ama", "nsfw", NULL};

typedef struct {
    Text *text;
    const Lexicon *lexicon;
    const uint32_t *source;
    ptrdiff_t source_words, start, end;
} Marker;

static unsigned gap_before(const Marker *marker, ptrdiff_t at) {
    return at < marker->text->token_count ? marker->text->tokens[at].gap : marker->text->end_gap;
}

/* Whether a token is one of some words, or begins with one. */
static int is_word(const Marker *marker, ptrdiff_t at, const char *const *words, int beginning) {
    const RawToken *token = &marker->text->tokens[at];
    const uint32_t *letters = marker->text->letters + token->start;
    for (; *words; words++) {
        uint32_t i = 0;
        while (i < token->letters && (*words)[i] && letters[i] == (uint8_t)(*words)[i]) i++;
        if (!(*words)[i] && (beginning || i == token->letters)) return 1;
    }
    return 0;
}

static uint32_t sequence_key(const Marker *marker, ptrdiff_t start, ptrdiff_t end) {
    uint64_t running = 0;
    for (ptrdiff_t at = start; at < end; at++)
        running = poly_step(running, marker->text->tokens[at].key);
    return key32(running);
}

static int tag_of(const Marker *marker, ptrdiff_t start, ptrdiff_t end) {
    Rows rows = rows_of(&marker->lexicon->tags, sequence_key(marker, start, end));
    return rows.end > rows.start ? marker->lexicon->tag_kinds[rows.start] : TAG_NONE;
}

static void note_tag(Text *text, int kind) {
    if (kind == TAG_GENRE) text->facts |= FACT_GENRE;
    if (kind == TAG_WITHDRAWN) text->facts |= FACT_WITHDRAWN;
}

static void note_version(Text *text, ptrdiff_t at) {
    const RawToken *token = &text->tokens[at];
    uint32_t code = text->letters[token->start];
    if (token->letters == 1 && code >= '0' && code <= '9' && (int)(code - '0') > text->version)
        text->version = (int)(code - '0');
}

static void set_zone(Marker *marker, ptrdiff_t start, ptrdiff_t end, int zone) {
    for (ptrdiff_t at = start; at < end; at++) marker->text->tokens[at].zone = (uint8_t)zone;
}

static ptrdiff_t tag_end(Marker *marker) {
    if (marker->start >= marker->end) return 0;
    int ideograph = marker->text->tokens[marker->start].kind == CHARACTER;
    for (int words = ideograph ? TAG_IDEOGRAPHS : TAG_WORDS; words; words--) {
        ptrdiff_t last = marker->start + words;
        if (last >= marker->end) continue;
        int numbered = marker->text->tokens[last].kind == NUMBER && last + 1 < marker->end &&
                       gap_before(marker, last + 1) & BREAK;
        int ends = gap_before(marker, last) & BREAK || gap_before(marker, marker->start) & GAP_HASH;
        int kind = numbered || ends ? tag_of(marker, marker->start, last) : TAG_NONE;
        if (kind == TAG_NONE) continue;
        note_tag(marker->text, kind);
        note_version(marker->text, numbered ? last : last - 1);
        return numbered ? last + 1 : last;
    }
    return 0;
}

static ptrdiff_t handle_end(const Marker *marker) {
    ptrdiff_t after = marker->start + 1;
    int handle = after < marker->end && gap_before(marker, marker->start) & GAP_HASH;
    return handle && gap_before(marker, after) & GAP_COLON ? after : 0;
}

static ptrdiff_t slug_end(const Marker *marker) {
    const RawToken *tokens = marker->text->tokens;
    int upper = 1;
    for (ptrdiff_t at = marker->start; at < marker->end; at++)
        upper &= tokens[at].kind != WORD || tokens[at].letter_case == UPPER;
    uint32_t letters = 0;
    for (int words = 0; !upper && words < SLUG_WORDS; words++) {
        ptrdiff_t at = marker->start + words;
        if (at + 1 >= marker->end || tokens[at].letter_case != UPPER) return 0;
        letters += tokens[at].letters;
        if (tokens[at + 1].gap == GAP_HYPHEN && tokens[at + 1].letter_case > LOWER &&
            letters >= SLUG_LETTERS)
            return at + 1;
    }
    return 0;
}

static void mark_leads(Marker *marker) {
    for (int tags = 0; tags < MOST_TAGS; tags++) {
        ptrdiff_t end = tag_end(marker);
        if (!end) end = handle_end(marker);
        if (!end) end = slug_end(marker);
        if (!end) return;
        set_zone(marker, marker->start, end, ZONE_LEAD);
        marker->start = end;
    }
}

static int is_counter(const Marker *marker, ptrdiff_t start) {
    const RawToken *tokens = marker->text->tokens;
    ptrdiff_t words = marker->end - start;
    int numbers = 1;
    for (ptrdiff_t at = start; at < marker->end; at++) numbers &= tokens[at].kind == NUMBER;
    if (numbers) return 1;
    if (words == 2 && tokens[start].kind == NUMBER && is_word(marker, start + 1, COUNTERS, 1))
        return 1;
    return words == 1 && is_word(marker, start, MARKERS, 0);
}

static ptrdiff_t bracket_start(Marker *marker, int *zone) {
    if (!(gap_before(marker, marker->end) & GAP_BRACKET)) return -1;
    for (int words = 1; words <= BRACKET_WORDS; words++) {
        ptrdiff_t start = marker->end - words;
        if (start <= marker->start) break;
        if (!(gap_before(marker, start) & GAP_BRACKET)) continue;
        int kind = tag_of(marker, start, marker->end);
        note_tag(marker->text, kind);
        *zone = ZONE_CLOSING;
        return kind || is_counter(marker, start) ? start : -1;
    }
    return -1;
}

static int is_set_off(const Marker *marker, ptrdiff_t at) {
    unsigned gap = gap_before(marker, at);
    return gap & GAP_PIPE || (gap & GAP_SPACE && gap & (GAP_HYPHEN | GAP_DASH));
}

static int is_own(const Marker *marker, ptrdiff_t start) {
    ptrdiff_t words = marker->end - start, common = 0;
    if (words > marker->source_words) words = marker->source_words;
    while (common < words && marker->text->tokens[start + common].key == marker->source[common])
        common++;
    return words > 0 && common == words;
}

static int is_outlet(const Marker *marker, ptrdiff_t start) {
    ptrdiff_t words = marker->end - start;
    if (has_key(&marker->lexicon->outlets, sequence_key(marker, start, marker->end))) return 1;
    for (ptrdiff_t at = start + 1; at < marker->end; at++)
        if (is_set_off(marker, at)) return 0;
    if (is_own(marker, start)) return 1;
    if (words <= DOMAIN_WORDS && is_word(marker, marker->end - 1, DOMAINS, 0)) return 1;
    for (ptrdiff_t at = start; words <= OUTLET_NAME_WORDS && at < marker->end; at++)
        if (is_word(marker, at, OUTLET_WORDS, 0)) return 1;
    return 0;
}

static ptrdiff_t outlet_start(Marker *marker, int *zone) {
    for (int words = TAIL_WORDS; words; words--) {
        ptrdiff_t start = marker->end - words;
        if (start <= marker->start || !is_set_off(marker, start)) continue;
        *zone = ZONE_OUTLET;
        if (is_outlet(marker, start)) return start;
        int kind = tag_of(marker, start, marker->end);
        note_tag(marker->text, kind);
        *zone = ZONE_CLOSING;
        if (kind) return start;
    }
    return -1;
}

static void mark_closings(Marker *marker) {
    for (int closings = 0; closings < MOST_CLOSINGS; closings++) {
        int zone = ZONE_CORE;
        ptrdiff_t start = bracket_start(marker, &zone);
        if (start < 0) start = outlet_start(marker, &zone);
        if (start < 0) return;
        set_zone(marker, start, marker->end, zone);
        marker->end = start;
    }
}

static void mark_tail(Marker *marker) {
    if (marker->end - marker->start < LEAST_BESIDE_TAIL) return;
    for (int words = 1; words <= TAIL_WORDS; words++) {
        ptrdiff_t start = marker->end - words;
        if (start - marker->start < LEAST_BESIDE_KICKER) return;
        if (is_set_off(marker, start)) {
            set_zone(marker, start, marker->end, ZONE_TAIL);
            marker->end = start;
            return;
        }
    }
}

static void mark_kicker(Marker *marker) {
    for (int words = 1; words <= KICKER_WORDS; words++) {
        ptrdiff_t end = marker->start + words;
        if (marker->end - end < LEAST_BESIDE_KICKER) return;
        if (gap_before(marker, end) & GAP_COLON || is_set_off(marker, end)) {
            set_zone(marker, marker->start, end, ZONE_KICKER);
            return;
        }
    }
}

/* affixes.mark_zones */
void mark_zones(Text *text, const uint32_t *source, ptrdiff_t source_words, const Lexicon *lexicon) {
    Marker marker = {text, lexicon, source, source_words, 0, text->token_count};
    int core = 0;
    for (ptrdiff_t at = 0; at < text->token_count; at++) {
        text->tokens[at].key = key32(text->tokens[at].running);
        text->tokens[at].zone = ZONE_CORE;
    }
    mark_leads(&marker);
    mark_closings(&marker);
    mark_tail(&marker);
    mark_kicker(&marker);
    for (ptrdiff_t at = 0; at < text->token_count; at++) core |= !text->tokens[at].zone;
    if (!core) set_zone(&marker, 0, text->token_count, ZONE_CORE);
}
