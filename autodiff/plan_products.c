/* plan_products.c - products, sums over rows, and what keeps its plain kernel. */
#include "plan_build.h"

static int rank2(const builder *b, int id, int batched)
{
    const ad_node *n = ad_node_of(b->g, id);
    return n->shape.rank == 2 && n->shape.batched == batched;
}

/* Rows of x times a shared matrix: an own kernel or BLAS. Others keep their plain kernel. */
int ad_build_is_product(const builder *b, const ad_node *n)
{
    return n->op == AD_OP_matmul && !n->attr[0] && ad_node_of(b->g, n->in[0])->shape.rank == 2 &&
           rank2(b, n->in[1], 0);
}

ad_status ad_build_product(builder *b, int id)
{
    const ad_node *n    = ad_node_of(b->g, id);
    const ad_node *x    = ad_node_of(b->g, n->in[0]);
    int            once = b->info[id].once;
    long           k = x->shape.dim[1], cols = n->shape.dim[1];
    long           rows = ad_run_elements(x->shape, ad_build_rows_of(b)) / (k > 0 ? k : 1);
    int            blas = !(b->p->flags & (AD_ROW_EXACT | AD_ROW_PRODUCTS)) &&
               ad_product_prefers_blas(n->type, rows, k, cols);
    int pack = -1;
    if (!blas) {
        pack = ad_build_pack(b, n->in[1], (int)n->attr[1], k, cols, n->type, once);
        if (pack < 0) return AD_NO_MEMORY;
    }
    int at = ad_build_step(b, once, blas ? S_GEMM : S_PRODUCT, id);
    if (at < 0) return AD_NO_MEMORY;
    step *s     = &(once ? &b->p->once : &b->p->main)->step[at];
    s->type     = n->type;
    s->size     = (extent){ x->shape.dim[0], x->shape.batched };
    s->k        = k;
    s->n        = cols;
    s->tb       = (int)n->attr[1];
    s->has_bias = n->nin > 2;
    if (blas) return AD_OK;
    s->b       = b->packs[pack].at;
    s->pack    = b->packs[pack].kind;
    s->product = ad_product(n->type, s->pack, k, cols);
    return AD_OK;
}

/* A matrix in a kernel's layout: made once a solve when it depends on parameters alone. Shared by its users. */
int ad_build_pack(builder *b, int id, int transposed, long k, long n, ad_type type, int once)
{
    ad_pack_kind kind  = ad_pack_choose(type, k, n);
    int          early = b->info[id].once;
    for (int i = 0; i < b->npacks; i++)
        if (b->packs[i].node == id && b->packs[i].transposed == transposed &&
            b->packs[i].kind == kind)
            return i;
    pack *more = ad_build_room(b->packs, b->npacks, &b->pack_capacity, sizeof *more);
    if (!more) return -1;
    b->packs = more;
    int at   = ad_build_step(b, early || once, S_PACK, -1);
    if (at < 0) return -1;
    step *s             = &(early || once ? &b->p->once : &b->p->main)->step[at];
    b->packs[b->npacks] = (pack){
        id, transposed, kind, { BASE_BLOCK, 0, ad_build_keep(b, ad_pack_bytes(type, kind, k, n)) }
    };
    s->type = type;
    s->k    = k;
    s->n    = n;
    s->tb   = transposed;
    s->pack = kind;
    s->y    = b->packs[b->npacks].at;
    s->m    = id; /* the source node, until its place is known */
    return b->npacks++;
}

/* Persistent room in the block. */
size_t ad_build_keep(builder *b, size_t bytes)
{
    if (bytes <= 8) { /* one number: written exactly, no pad */
        b->keep += 8;
        return b->keep - 8;
    }
    size_t off = (b->keep + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN;
    b->keep    = off + (bytes + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN + AD_PAD;
    return off;
}

ad_status ad_build_rows(builder *b, int id)
{
    const ad_node *n   = ad_node_of(b->g, id);
    int            dot = n->op == AD_OP_rowdot;
    int            at  = ad_build_step(b, b->info[id].once, dot ? S_ROWDOT : S_ROWSUM, id);
    if (at < 0) return AD_NO_MEMORY;
    step          *s = &(b->info[id].once ? &b->p->once : &b->p->main)->step[at];
    const ad_node *x = ad_node_of(b->g, n->in[0]);
    s->type          = n->type;
    s->size          = (extent){ x->shape.dim[0], x->shape.batched };
    s->count         = dot ? n->nin / 2 : n->nin;
    s->k             = dot ? n->shape.dim[0] : 0;
    s->n             = ad_elements(n->shape) / (dot && s->k > 0 ? s->k : 1);
    size_t bytes = dot ? ad_dotrows_bytes(n->type, s->k, s->n) : ad_sumrows_bytes(n->type, s->n);
    s->m         = (long)bytes;
    if (b->p->chunk && x->shape.batched) {
        s->y = (operand){ BASE_SUMS, 0, b->p->sums };
        b->p->sums += (bytes + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN + AD_PAD;
    } else
        s->y = (operand){ BASE_BLOCK, 0, ad_build_keep(b, bytes) };
    return AD_OK;
}

/* Sums over the trailing axes of rows, the error's, have a loop of their own. */
static int is_row_sum(const builder *b, const ad_node *n)
{
    const ad_node *x = ad_node_of(b->g, n->nin ? n->in[0] : 0);
    if (n->op != AD_OP_sum || !n->shape.batched || !x->shape.batched) return 0;
    return ad_elements(n->shape) == n->shape.dim[0] && x->shape.dim[0] == n->shape.dim[0];
}

ad_status ad_build_plain(builder *b, int id)
{
    const ad_node *n    = ad_node_of(b->g, id);
    int            once = b->info[id].once, sum = is_row_sum(b, n);
    int            at = ad_build_step(b, once, sum ? S_SUM : S_RUN, id);
    if (at < 0) return AD_NO_MEMORY;
    if (!sum) return AD_OK;
    step          *s = &(once ? &b->p->once : &b->p->main)->step[at];
    const ad_node *x = ad_node_of(b->g, n->in[0]);
    s->size          = (extent){ x->shape.dim[0], 1 };
    s->n             = ad_elements(x->shape) / x->shape.dim[0];
    return AD_OK;
}

/* The kernels want dense rows [c n, d] with the same c in every segment. */
int ad_build_segments_fit(const builder *b, const ad_node *n)
{
    const ad_node *x = ad_node_of(b->g, n->in[0]);
    for (int i = 0; i < n->nin; i++) {
        const ad_node *y = ad_node_of(b->g, n->in[i]);
        if (y->shape.batched != x->shape.batched || y->shape.dim[0] != x->shape.dim[0]) return 0;
        if (n->op == AD_OP_rowdot && y->shape.rank != 2) return 0;
    }
    return 1;
}
