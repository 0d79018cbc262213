/* Leader clustering: the twin of leader_cluster in dedupe/clustering/linkage.py. */

#include "clustering/connect.h"

/* The neighbours of each node, and the nodes by rank. */
typedef struct {
    uint32_t *ends, *neighbours, *by_rank;
    uint8_t *leads;
} Graph;

static int is_sound(const ScoredEdges *edges, const int64_t *ranks, ptrdiff_t nodes) {
    for (ptrdiff_t i = 0; i < edges->count; i++)
        if (edges->left[i] < 0 || edges->right[i] < 0 || edges->left[i] >= nodes ||
            edges->right[i] >= nodes)
            return 0;
    for (ptrdiff_t i = 0; i < nodes; i++)
        if (ranks[i] < 0 || ranks[i] >= nodes) return 0;
    return 1;
}

/* Lay out the neighbours; afterwards those of a node end at its `ends` and begin where those of the
 * node before it end. */
static void lay_out(const ScoredEdges *edges, const int64_t *ranks, ptrdiff_t nodes, Graph *graph) {
    for (ptrdiff_t i = 0; i < edges->count; i++) {
        graph->ends[edges->left[i] + 1]++;
        graph->ends[edges->right[i] + 1]++;
    }
    for (ptrdiff_t i = 0; i < nodes; i++) graph->ends[i + 1] += graph->ends[i];
    for (ptrdiff_t i = 0; i < edges->count; i++) {
        graph->neighbours[graph->ends[edges->left[i]]++] = (uint32_t)edges->right[i];
        graph->neighbours[graph->ends[edges->right[i]]++] = (uint32_t)edges->left[i];
    }
    for (ptrdiff_t i = 0; i < nodes; i++) {
        graph->by_rank[ranks[i]] = (uint32_t)i;
        graph->leads[i] = 1;
    }
}

/* leader.choose_leaders, of the nodes that are pinned or of the others. */
static void choose_leaders(const Graph *graph, const uint8_t *pinned, int chosen, ptrdiff_t nodes) {
    for (ptrdiff_t rank = 0; rank < nodes; rank++) {
        uint32_t node = graph->by_rank[rank];
        if (!graph->leads[node] || pinned[node] != chosen) continue;
        for (uint32_t i = node ? graph->ends[node - 1] : 0; i < graph->ends[node]; i++)
            graph->leads[graph->neighbours[i]] = pinned[graph->neighbours[i]];
    }
}

/* Have a node follow a leader where that matches it better than the one it has. */
INLINE void follow(const Graph *graph, const int64_t *ranks, int64_t node, int64_t other,
                   double score, double *best, int64_t *leaders) {
    if (graph->leads[node] || !graph->leads[other]) return;
    int first = leaders[node] == node;
    if (!first && score < best[node]) return;
    if (!first && score == best[node] && ranks[other] > ranks[leaders[node]]) return;
    leaders[node] = other;
    best[node] = score;
}

Trouble lead(const ScoredEdges *edges, const int64_t *ranks, const uint8_t *pinned, ptrdiff_t nodes,
             int64_t *leaders) {
    if ((uint64_t)nodes >= UINT32_MAX || (uint64_t)edges->count >= UINT32_MAX / 2 ||
        !is_sound(edges, ranks, nodes))
        return BAD_ARRAY;
    Graph graph = {
        take_zeros((size_t)nodes + 2, sizeof *graph.ends),
        take_zeros(2 * (size_t)edges->count + 1, sizeof *graph.neighbours),
        take_zeros((size_t)nodes + 1, sizeof *graph.by_rank),
        take_zeros((size_t)nodes + 1, sizeof *graph.leads),
    };
    double *best = take_zeros((size_t)nodes + 1, sizeof *best);
    int sound = graph.ends && graph.neighbours && graph.by_rank && graph.leads && best;
    if (sound) {
        lay_out(edges, ranks, nodes, &graph);
        choose_leaders(&graph, pinned, 1, nodes);
        choose_leaders(&graph, pinned, 0, nodes);
        for (ptrdiff_t i = 0; i < nodes; i++) leaders[i] = i;
        for (ptrdiff_t i = 0; i < edges->count; i++) {
            int64_t left = edges->left[i], right = edges->right[i];
            follow(&graph, ranks, left, right, edges->scores[i], best, leaders);
            follow(&graph, ranks, right, left, edges->scores[i], best, leaders);
        }
    }
    free_room(graph.ends);
    free_room(graph.neighbours);
    free_room(graph.by_rank);
    free_room(graph.leads);
    free_room(best);
    return sound ? FINE : NO_MEMORY;
}
