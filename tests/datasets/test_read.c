/* Each feature of the text reader on a small table. */
#include "texts.h"

static ds_series_set *set;

static void done(void)
{
    ds_series_set_free(set);
}

TestSuite(read, .fini = done);

static void lynx(const char *text, const ds_read_options *o)
{
    set = must_read(text, o);
    cr_assert_eq(set->cols, 2);
    cr_assert_eq(set->count, 1);
    cr_assert_eq(set->series[0].len, 3);
    column_is(set, 0, -1, 1900.0, 1901.0, 1902.0);
    column_is(set, 0, 0, 4.0, 6.25, 9.5);
    column_is(set, 0, 1, 30.0, 47.5, -70e2);
    ds_series_set_free(set);
    set = NULL;
}

Test(read, finds_the_delimiter)
{
    lynx("year,lynx,hare\n1900,4,30\n1901,6.25,47.5\n1902,9.5,-70e2\n", NULL);
    lynx("year;lynx;hare\n1900;4;30\n1901;6.25;47.5\n1902;9.5;-70e2\n", NULL);
    lynx("year\tlynx\thare\n1900\t4\t30\n1901\t6.25\t47.5\n1902\t9.5\t-70e2\n", NULL);
    lynx("year|lynx|hare\n1900|4|30\n1901|6.25|47.5\n1902|9.5|-70e2\n", NULL);
    lynx("year lynx hare\n1900 4 30\n1901 6.25  47.5\n  1902\t9.5 -70e2", NULL);
    lynx("year  lynx\thare\n1900  4\t30\n1901  6.25\t47.5\n1902  9.5\t-70e2\n", NULL);
    lynx("year, lynx, hare\n1900, 4, 30\n1901, 6.25, 47.5\n1902 ,9.5, -70e2\n", NULL);
    lynx("sep=;\nyear;lynx;hare\n1900;4;30\n1901;6.25;47.5\n1902;9.5;-70e2\n", NULL);
    lynx("year lynx hare\n1900 4 30\n1901 6.25 47.5\n1902 9.5 -70e2\n",
         &(ds_read_options){ .delimiter = ' ' });
}

Test(read, finds_the_decimal_comma)
{
    lynx("year;lynx;hare\n1900;4;30\n1901;6,25;47,5\n1902;9,5;-70e2\n", NULL);
    lynx("year\tlynx\thare\n1900\t4\t30\n1901\t6,25\t47,5\n1902\t9,5\t-70e2\n", NULL);
    lynx("year lynx hare\n1900 4,0 30,0\n1901 6,25 47,5\n1902 9,5 -70,0e2\n", NULL);
    lynx("year,lynx,hare\n1900,4,30\n1901,\"6,25\",\"47,5\"\n1902,\"9,5\",-70e2\n",
         &(ds_read_options){ .decimal = ',', .delimiter = ',' });
}

Test(read, takes_any_line_ending_and_a_byte_order_mark)
{
    lynx("\xef\xbb\xbfyear,lynx,hare\r\n1900,4,30\r\n1901,6.25,47.5\r\n1902,9.5,-70e2\r\n", NULL);
    lynx("year,lynx,hare\r1900,4,30\r1901,6.25,47.5\r1902,9.5,-70e2", NULL);
    lynx("\n\nyear,lynx,hare\n\n1900,4,30\n1901,6.25,47.5\n \t\n1902,9.5,-70e2\n,,\n,,\n\n", NULL);
}

Test(read, takes_header_lines_of_every_kind)
{
    lynx("# Hudson Bay\n% year lynx hare\n1900 4 30\n1901 6.25 47.5\n# a remark\n1902 9.5 -70e2\n",
         NULL);
    lynx("# year, lynx, hare\n1900 4 30\n1901 6.25 47.5\n1902 9.5 -70e2\n", NULL);
    lynx("#year,lynx,hare\n1900,4,30\n1901,6.25,47.5\n1902,9.5,-70e2\n", NULL);
    lynx("1900 4 30\n1901 6.25 47.5\n1902 9.5 -70e2\n", NULL);
    lynx("\"year\",\"lynx\",\"hare\"\n\"1900\",\"4\",\"30\"\n1901,6.25,47.5\n1902,9.5,\"-70e2\"\n",
         NULL);
    lynx("year,lynx,hare,\n1900,4,30,\n1901,6.25,47.5,\n1902,9.5,-70e2,\n", NULL);
    lynx("year,lynx,hare\n1900,4,30,\n1901,6.25,47.5,\n1902,9.5,-70e2,\n", NULL);
    lynx("lynx hare\n1900 4 30\n1901 6.25 47.5\n1902 9.5 -70e2\n",
         NULL); /* as R writes row names */
    lynx("1 2 3\n1900 4 30\n1901 6.25 47.5\n1902 9.5 -70e2\n",
         &(ds_read_options){ .header = 1, .time = "1" });
}

Test(read, names_columns)
{
    set = must_read("a,\"b \"\"x\"\"\",,a\n1,2,3,4\n2,2,3,4\n", NULL);
    cr_expect_str_eq(set->time, "a");
    cr_expect_str_eq(set->column[0], "b \"x\"");
    cr_expect_str_eq(set->column[1], "c3");
    cr_expect_str_eq(set->column[2], "a_4");
}

Test(read, names_the_columns_after_a_run_number_and_a_time)
{
    set = must_read(
        "%o v\r\n 0.0e+000 5.0 1 2 \r\n 0.0e+000 5.5 3 4\n1.0e0 0.5 5 6\n1.0e0 0.75 7 8\n", NULL);
    cr_assert_eq(set->count, 2);
    cr_assert_eq(set->cols, 2);
    cr_expect_str_eq(set->time, "t");
    cr_expect_str_eq(set->column[0], "o");
    cr_expect_str_eq(set->series[1].name, "1");
    column_is(set, 0, -1, 5.0, 5.5);
    column_is(set, 1, -1, 0.5, 0.75);
    column_is(set, 1, 1, 6.0, 8.0);
    cr_expect(strstr(set->note, "names 2 of 4 columns"), "%s", set->note);
}

Test(read, takes_other_comments_as_remarks)
{
    set = must_read("%o v\n0 5 1 2\n0 4 3 4\n1 1 5 6\n", NULL);
    cr_assert_eq(set->cols, 4);
    cr_expect_str_eq(set->column[0], "c1");
    cr_expect(strstr(set->note, "the comment on line 1 was taken as a remark"), "%s", set->note);
}

Test(read, knows_missing_values)
{
    set = must_read("t,a,b\n0,,1\n1,NA,nan\n2,NaN,null\n3,?,-\n4, ,1\n5,7,None\n", NULL);
    column_is(set, 0, 0, NAN, NAN, NAN, NAN, NAN, 7.0);
    column_is(set, 0, 1, 1.0, NAN, NAN, NAN, 1.0, NAN);
    cr_expect_eq(ds_missing(set), 9);
}

Test(read, rounds_numbers_correctly)
{
    set = must_read("t x\n0 0.1\n1 123456789012345678901234567890\n2 2.2250738585072014e-308\n3 "
                    "1.7976931348623157D+308\n"
                    "4 9007199254740993\n5 .5\n6 5.\n7 +1E-2\n8 1e23\n9 8.5e24\n10 0x10\n",
                    &(ds_read_options){ .to = 10 });
    column_is(set, 0, 0, 0.1, 123456789012345678901234567890.0, 2.2250738585072014e-308,
              1.7976931348623157e308, 9007199254740993.0, .5, 5.0, 1e-2, 1e23, 8.5e24);
}

static void time_is(const char *text, const ds_read_options *o, const char *name, double first,
                    const char *note)
{
    set = must_read(text, o);
    cr_expect_str_eq(set->time, name);
    cr_expect_eq(set->series[0].t[0], first);
    cr_expect(strstr(set->note, note), "'%s' is not in: %s", note, set->note);
    ds_series_set_free(set);
    set = NULL;
}

Test(read, finds_the_time_column)
{
    time_is("x,Time (s),y\n5,10,1\n4,11,1\n", NULL, "Time (s)", 10, "'Time (s)' (by its name)");
    time_is("x,YEAR,y\n5,10,1\n4,11,1\n", NULL, "YEAR", 10, "by its name");
    time_is("x,year,y\n5,10,1\n6,10,1\n", NULL, "x", 5, "the first column");
    time_is("x,y\n5,10\n6,10\n", NULL, "x", 5, "the first column, and it increases");
    time_is("x,y\n5,10\n5,10\n", NULL, "time", 0, "the row number, from 0");
    time_is("x\n5\n6\n", NULL, "time", 0, "the row number, from 0");
    time_is("T,y\n5,10\n4,11\n", NULL, "time", 0, "the row number");
    time_is("x,y\n5,10\n4,11\n", &(ds_read_options){ .time = "y" }, "y", 10, "as asked");
    time_is("x,y\n5,10\n4,11\n", &(ds_read_options){ .time = "2" }, "y", 10, "as asked");
    time_is("t,y\n5,10\n4,11\n", &(ds_read_options){ .time = "none" }, "time", 0, "the row number");
    time_is("a,when\n5,2020-01-02\n4,2020-01-05\n", NULL, "when", 18263, "it holds dates");
}

Test(read, splits_series_by_id)
{
    set = must_read("id,t,x\nb,0,1\na,3,2\nb,1,3\na,4,4\nc,0,5\nb,2,6\n",
                    &(ds_read_options){ .id = "id" });
    cr_assert_eq(set->count, 2);
    cr_assert_eq(set->cols, 1);
    cr_expect_str_eq(set->series[0].name, "b");
    cr_expect_str_eq(set->series[1].name, "a");
    column_is(set, 0, -1, 0.0, 1.0, 2.0);
    column_is(set, 0, 0, 1.0, 3.0, 6.0);
    column_is(set, 1, -1, 3.0, 4.0);
    column_is(set, 1, 0, 2.0, 4.0);
    cr_expect(strstr(set->note, "1 of 3 have a single row"), "%s", set->note);
}

Test(read, keeps_and_drops_columns_and_rows)
{
    const char *text = "t,a,b,c\n0,1,x,3\n1,2,y,4\n2,3,z,5\n3,4,w,6\n4,5,v,7\n";
    set              = must_read(text, &(ds_read_options){ .columns = "c, a" });
    cr_assert_eq(set->cols, 2);
    cr_expect_str_eq(set->column[0], "a");
    ds_series_set_free(set);
    set = must_read(text, &(ds_read_options){ .drop = "B", .from = 2, .to = 4, .stride = 2 });
    cr_assert_eq(set->cols, 2);
    column_is(set, 0, -1, 1.0, 3.0);
    column_is(set, 0, 1, 4.0, 6.0);
    ds_series_set_free(set);
    set = must_read(text,
                    &(ds_read_options){ .drop = "b", .time = "none", .from = 2, .stride = 3 });
    column_is(set, 0, -1, 1.0, 4.0);
}

Test(read, notes_a_column_that_only_counts)
{
    set = must_read("t,No,x\n0,1,5\n3,2,5\n4,3,6\n", NULL);
    cr_expect(strstr(set->note, "'No' only counts the rows"), "%s", set->note);
}

Test(read, opens_files_and_built_in_sets)
{
    char path[128];
    write_bytes(in_folder("a.csv", path), "t,x\n0,1\n1,2\n", 12);
    cr_assert_eq(ds_open(&set, path, NULL), AD_OK, "%s", ad_message());
    cr_expect_str_eq(set->source, path);
    ds_series_set_free(set);
    cr_assert_eq(ds_open(&set, "spiral:n=11,noise=0.1", NULL), AD_OK, "%s", ad_message());
    cr_expect_eq(set->series[0].len, 11);
    ds_series_set_free(set);
    cr_expect_eq(ds_open(&set, "lynx-hair", NULL), AD_INVALID);
    cr_expect(strstr(ad_message(), "did you mean 'lynx-hare'?"), "%s", ad_message());
    cr_expect_eq(ds_open(&set, "lynx-hair.csv", NULL), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "lynx-hair.csv: No such file"), "%s", ad_message());
    remove_folder();
}
