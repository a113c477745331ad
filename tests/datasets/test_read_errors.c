/* Every way in which a file is refused, and the sentence it gets. */
#include <zlib.h>

#include "texts.h"

#define WORDS(...) __VA_ARGS__, (char *)NULL

Test(read_errors, text_in_a_column)
{
    refused("t,x,wind\n0,1,NW\n1,2,SE\n", NULL,
            WORDS("data.csv, line 2, column 'wind': 'NW' is not a number", "--drop", "--columns"));
    refused("t,x\r\n0,1\r\n1,b\r\n", NULL, WORDS("line 3, column 'x': 'b'"));
    refused("x,1\n2,3\n4,5\n", NULL,
            WORDS("line 1, column 'c1': 'x'")); /* no header: a number in it */
    refused("t x\n0 1\n# remark\n1 1.2.3\n", NULL,
            WORDS("line 4, column 'x': '1.2.3' is not a number"));
    refused("t,x\n0,1\n1,inf\n", NULL, WORDS("line 3, column 'x': the value is infinite"));
    refused("t,x\n0,1\n1,1e999\n", NULL, WORDS("line 3, column 'x': the value is infinite"));
    refused("t,x\n0,1\n1,0x1p3\n", NULL, WORDS("'0x1p3' is not a number"));
}

Test(read_errors, times_that_do_not_increase)
{
    refused("year,x\n1900,1\n1905,2\n1903,3\n", &(ds_read_options){ .time = "year" },
            WORDS("line 4, column 'year'", "do not increase (1903 after 1905 on line 3)", "--id"));
    refused("t,x\n0,1\n1,2\n\n1.0,3\n", NULL,
            WORDS("line 5, column 't': the time 1.0 stands on line 3 already", "--time"));
    refused("t,id,x\n0,a,1\n1,b,2\n0,a,3\n", &(ds_read_options){ .id = "id" },
            WORDS("line 4, column 't': the time 0 stands on line 2 already"));
    refused("date,x\n2020-01-02,1\n2020-01-01,2\n", NULL,
            WORDS("2020-01-01 after 2020-01-02 on line 2"));
    refused("t,x\n0,1\nNA,2\n", NULL,
            WORDS("line 3, column 't': the time is missing", "--time none"));
    refused("t,x\n0,1\ninf,2\n", NULL, WORDS("line 3, column 't': the time is infinite"));
    refused("t,x\n0,1\nlate,2\n", NULL, WORDS("line 3, column 't': 'late' is not a number"));
    refused("t,x\nearly,1\nlate,2\n", NULL,
            WORDS("line 2, column 't': 'early' is neither a date nor a number"));
}

Test(read_errors, ragged_rows)
{
    refused("a,b,c\n1,2,3\n1,2\n", NULL,
            WORDS("line 3 has 2 fields and 3 were expected", "commas"));
    refused("a b\n1 2\n\n1 2 3\n", NULL,
            WORDS("line 4 has 3 fields and 2 were expected", "white space"));
    refused("a;b\n1;2\n1;2;3;4\n", NULL,
            WORDS("line 3 has 4 fields and 2 were expected", "semicolons"));
    refused("a,b,c\n1,2\n2,3\n", NULL, WORDS("line 2 has 2 fields and 3 were expected"));
    refused("a,b\n1,\"2\n3,4\n", NULL, WORDS("line 2: a quote is not closed"));
    refused("\"a,b\n1,2\n3,4\n", NULL, WORDS("line 1: a quote is not closed"));
}

Test(read_errors, columns_without_values)
{
    refused("t,x,y\n0,1,\n1,2,NA\n", NULL,
            WORDS("column 'y' has no value in any of 2 rows", "--drop"));
    refused("t\n0\n1\n", NULL, WORDS("no column of values is left beside time"));
    refused("t,x\n0,1\n1,2\n", &(ds_read_options){ .drop = "x" },
            WORDS("no column of values is left beside time"));
}

Test(read_errors, names_that_are_not_there)
{
    const char *text = "year,lynx,hare\n1900,1,2\n1901,1,2\n";
    refused(text, &(ds_read_options){ .columns = "lnyx" },
            WORDS("no column 'lnyx'; did you mean 'lynx'?", "year, lynx, hare"));
    refused(text, &(ds_read_options){ .drop = "hare,4" },
            WORDS("no column '4'", "year, lynx, hare"));
    refused(text, &(ds_read_options){ .time = "0" }, WORDS("no column '0'"));
    refused(text, &(ds_read_options){ .id = "individual" }, WORDS("no column 'individual'"));
    refused(text, &(ds_read_options){ .id = "year", .time = "year" },
            WORDS("column 'year' cannot be both time and id"));
    refused(text, &(ds_read_options){ .time = "year+mnth" }, WORDS("no column 'mnth'"));
}

Test(read_errors, too_little)
{
    refused("", NULL, WORDS("data.csv is empty"));
    refused("\n \n", NULL, WORDS("no rows, only blank lines"));
    refused("# t x\n", NULL, WORDS("no rows, only comments"));
    refused("t,x\n", NULL, WORDS("a header on line 1 and no rows"));
    refused("t,x\n,\n,\n", NULL, WORDS("no rows"));
    refused("t,x\n0,1\n", NULL, WORDS("has 1 row; a series needs at least two"));
    refused("t,x\n0,1\n1,2\n2,3\n", &(ds_read_options){ .from = 3 },
            WORDS("has 1 row in the range asked for"));
    refused("t,x\n0,1\n1,2\n2,3\n", &(ds_read_options){ .from = 9 },
            WORDS("has 0 rows in the range asked for"));
    refused("id,t,x\na,0,1\nb,1,2\n", &(ds_read_options){ .id = "id" },
            WORDS("2 series of less than two rows", "'id'"));
    refused("id,t,x\na,0,1\n,1,2\n", &(ds_read_options){ .id = "id" },
            WORDS("line 3: the id in column 'id' is empty"));
}

Test(read_errors, options_without_sense)
{
    refused("t,x\n0,1\n1,2\n", &(ds_read_options){ .from = 3, .to = 2 }, WORDS("rows 3 to 2"));
    refused("t,x\n0,1\n1,2\n", &(ds_read_options){ .dates = "ymd" },
            WORDS("--dates is dmy or mdy, not 'ymd'"));
    refused("t,x\n0,1\n1,2\n", &(ds_read_options){ .decimal = ';' }, WORDS("the decimal sign"));
}

Test(read_errors, files_of_another_kind)
{
    ds_series_set *set;
    cr_expect_eq(ds_read_memory(&set, "x", "t,x\n\0,1\n", 9, NULL), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "not a text file (byte 0x00 at offset 4)"), "%s", ad_message());
    cr_expect_eq(ds_read_memory(&set, "x", "\xff\xfet\0,\0", 6, NULL), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "UTF-16"), "%s", ad_message());
    refused("PK\3\4abc", NULL, WORDS("zip archive"));
    refused("{\"t\": [0, 1]}", NULL, WORDS("looks like JSON"));
    refused("[[0, 1]]", NULL, WORDS("looks like JSON"));
    refused("@problemName x\n@data\n1,2:3,4\n", NULL, WORDS(".ts"));
}

static void refused_file(const char *path, const char *word)
{
    ds_series_set *set;
    cr_expect_eq(ds_read(&set, path, NULL), AD_BAD_FILE, "%s", path);
    cr_expect(strstr(ad_message(), path) && strstr(ad_message(), word), "'%s' is not in: %s", word,
              ad_message());
    cr_expect_null(set);
}

Test(read_errors, files_that_cannot_be_opened)
{
    char path[128];
    refused_file(folder(), "is a directory");
    refused_file(in_folder("absent.csv", path), "No such file or directory");
    write_bytes(in_folder("empty.csv", path), "", 0);
    refused_file(path, "is empty");
    remove_folder();
}

Test(read_errors, broken_gzip)
{
    char           path[128];
    unsigned char  bytes[4096];
    char           text[2048];
    ds_series_set *set;
    int            used = snprintf(text, sizeof text, "t,x\n");
    for (int i = 0; i < 100; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, "%d,%d\n", i, i * 7919 % 101);
    gzFile g = gzopen(in_folder("a.csv.gz", path), "wb");
    gzwrite(g, text, (unsigned)used);
    gzclose(g);
    cr_expect_eq(ds_read(&set, path, NULL), AD_OK, "%s", ad_message());
    ds_series_set_free(set);
    FILE  *f = fopen(path, "rb");
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t cut = 0; cut < n; cut++) {
        write_bytes(path, bytes, cut);
        cr_expect_eq(ds_read(&set, path, NULL), AD_BAD_FILE, "%zu of %zu bytes", cut, n);
        if (cut > 20)
            cr_expect(strstr(ad_message(), "ends too early"), "%zu: %s", cut, ad_message());
    }
    bytes[n / 2] ^= 0x55;
    write_bytes(path, bytes, n);
    cr_expect_eq(ds_read(&set, path, NULL), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "is damaged"), "%s", ad_message());
    remove_folder();
}
