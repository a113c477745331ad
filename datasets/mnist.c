/* The IDX files of MNIST, and of sets that took over its names (Fashion-MNIST, KMNIST). */
#include <costate/datasets/folder.h>
#include <costate/datasets/idx.h>

static const char *const sub[] = { "mnist", "MNIST/raw", "MNIST", NULL };

/* Both spellings are about. */
static const char *const images[2][3] = {
    { "train-images-idx3-ubyte", "train-images.idx3-ubyte", NULL },
    { "t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte", NULL },
};
static const char *const labels[2][3] = {
    { "train-labels-idx1-ubyte", "train-labels.idx1-ubyte", NULL },
    { "t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte", NULL },
};

int ds_has_mnist(const char *dir, int deep)
{
    char path[DS_PATH];
    for (int part = 0; part < 2; part++)
        if (ds_in_folder(dir, deep ? sub : NULL, images[part], path) ||
            ds_in_folder(dir, deep ? sub : NULL, labels[part], path))
            return 1;
    return 0;
}

ad_status ds_make_mnist(ds_samples **out, const ds_samples_options *o)
{
    char x[DS_PATH], y[DS_PATH];
    int  part = o->part == DS_TEST;
    *out      = NULL;
    AD_TRY(ds_recorded("mnist", o));
    AD_TRY(ds_needs_folder("mnist", o));
    if (!ds_in_folder(o->dir, sub, images[part], x))
        return ds_not_in_folder("mnist", images[part][0], o->dir);
    if (!ds_in_folder(o->dir, sub, labels[part], y))
        return ds_not_in_folder("mnist", labels[part][0], o->dir);
    AD_TRY(ds_samples_read_idx(out, "mnist", x, y, o->n));
    if ((*out)->classes < 10) (*out)->classes = 10; /* the first few may lack some */
    return AD_OK;
}
