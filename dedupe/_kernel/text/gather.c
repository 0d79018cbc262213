/* Copy the wanted rows of a column of rows of any length: the twin of copy_rows in dedupe/arrays.py. */

#include <string.h>

#include "text/text.h"

Trouble copy_rows(const RowsOfBytes *rows, const int64_t *wanted, ptrdiff_t count, uint8_t *out,
                  ptrdiff_t room) {
    for (ptrdiff_t i = 0; i < count; i++) {
        int64_t row = wanted[i];
        if (row < 0 || row >= rows->count) return BAD_ARRAY;
        int64_t start = rows->offsets[row], end = rows->offsets[row + 1];
        if (start < 0 || end < start || end > rows->items) return BAD_ARRAY;
        ptrdiff_t size = (ptrdiff_t)(end - start) * rows->width;
        if (size > room) return BAD_ARRAY;
        if (size) memcpy(out, rows->data + start * rows->width, (size_t)size);
        out += size;
        room -= size;
    }
    return room ? BAD_ARRAY : FINE;
}
