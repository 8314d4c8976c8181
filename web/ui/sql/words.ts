// keywords are all keywords of SQLite. A name that is one of them is quoted.
export const keywords = new Set(
  `ABORT ACTION ADD AFTER ALL ALTER ALWAYS ANALYZE AND AS ASC ATTACH AUTOINCREMENT BEFORE BEGIN BETWEEN BY CASCADE CASE CAST CHECK
COLLATE COLUMN COMMIT CONFLICT CONSTRAINT CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DATABASE DEFAULT
DEFERRABLE DEFERRED DELETE DESC DETACH DISTINCT DO DROP EACH ELSE END ESCAPE EXCEPT EXCLUDE EXCLUSIVE EXISTS EXPLAIN FAIL FILTER
FIRST FOLLOWING FOR FOREIGN FROM FULL GENERATED GLOB GROUP GROUPS HAVING IF IGNORE IMMEDIATE IN INDEX INDEXED INITIALLY INNER
INSERT INSTEAD INTERSECT INTO IS ISNULL JOIN KEY LAST LEFT LIKE LIMIT MATCH MATERIALIZED NATURAL NO NOT NOTHING NOTNULL NULL NULLS
OF OFFSET ON OR ORDER OTHERS OUTER OVER PARTITION PLAN PRAGMA PRECEDING PRIMARY QUERY RAISE RANGE RECURSIVE REFERENCES REGEXP
REINDEX RELEASE RENAME REPLACE RESTRICT RETURNING RIGHT ROLLBACK ROW ROWS SAVEPOINT SELECT SET TABLE TEMP TEMPORARY THEN TIES TO
TRANSACTION TRIGGER UNBOUNDED UNION UNIQUE UPDATE USING VACUUM VALUES VIEW VIRTUAL WHEN WHERE WINDOW WITH WITHOUT`.split(/\s+/),
);

// types are the usual words of declared types.
export const types = new Set("INTEGER INT BIGINT SMALLINT TEXT VARCHAR CHAR REAL DOUBLE FLOAT NUMERIC DECIMAL BLOB BOOLEAN DATE DATETIME STRICT ROWID".split(" "));

// functions are the functions that the server has.
export const functions =
  `abs avg changes char coalesce concat concat_ws count date datetime decimal decimal_add decimal_cmp decimal_mul decimal_sub
decimal_sum dense_rank first_value format generate_series glob group_concat hex ifnull iif instr json json_array json_array_length
json_each json_extract json_group_array json_group_object json_insert json_object json_patch json_quote json_remove json_replace
json_set json_tree json_type json_valid julianday lag last_insert_rowid last_value lead length like lower ltrim max median min
nth_value ntile nullif octet_length percent_rank percentile percentile_cont percentile_disc printf quote random randomblob rank
regexp replace round row_number rtrim sha3 sign soundex sqlite_version strftime string_agg substr substring sum time timediff total
trim typeof unhex unicode unixepoch upper uuid zeroblob acos asin atan atan2 ceil cos degrees exp floor ln log log10 log2 mod pi pow
power radians sin sqrt tan trunc`.split(/\s+/);

// quoteName writes a name as SQLite does: in quotes, with inner quotes doubled, if it
// is a keyword or has other characters than letters, digits and underscores.
export function quoteName(name: string, always = false): string {
  if (!always && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !keywords.has(name.toUpperCase())) {
    return name;
  }
  return `"${name.replaceAll('"', '""')}"`;
}
