//go:build cgo && (linux || darwin)

// Discards what a rolled-back transaction has left in the write-ahead log. A
// large transaction writes pages into the log before it ends. Without this, the
// next commit would wait until these useless pages are on the disk.

#include <string.h>

#include "engine.h"

enum {
	MANY_PAGES = 256, // number of pages from which this is worthwhile
	LOG_HEADER = 32,
	FRAME_HEADER = 24,
	INDEX_BYTES = 32 * 1024, // size of the first part of the log's index
};

// The header of the index of the write-ahead log, see SQLite's "WAL-mode File
// Format". It exists twice; the copies differ only during a write.
typedef struct header {
	uint32_t version, unused, change;
	uint8_t init, big_endian;
	uint16_t page_size; // 1 means 65536
	uint32_t frames;    // committed frames
	uint32_t pages, frame_sum[2], salt[2], sum[2];
} header;

// Returns the number of valid bytes of the log, or 0 if unknown.
static sqlite3_int64 committed(sqlite3 *db) {
	sqlite3_file *main = 0;
	void volatile *index = 0;
	header h[2];
	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &main) || !main || !main->pMethods) return 0;
	if (main->pMethods->iVersion < 2 || main->pMethods->xShmMap(main, 0, INDEX_BYTES, 0, &index) || !index) return 0;
	memcpy(h, (const void *)index, sizeof h);
	if (memcmp(&h[0], &h[1], sizeof h[0]) || !h[0].init) return 0;
	return LOG_HEADER + (sqlite3_int64)h[0].frames * (FRAME_HEADER + (h[0].page_size == 1 ? 65536 : h[0].page_size));
}

void ayb_trim(ayb_conn *c) {
	sqlite3_file *log = 0;
	sqlite3_int64 size, keep;
	int spilled = 0, high = 0;
	if (sqlite3_db_status(c->db, SQLITE_DBSTATUS_CACHE_SPILL, &spilled, &high, 1) || spilled < MANY_PAGES) return;
	if (!sqlite3_get_autocommit(c->db)) return;
	if (sqlite3_file_control(c->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) || !log || !log->pMethods) return;
	keep = committed(c->db);
	if (keep && !log->pMethods->xFileSize(log, &size) && size > keep) log->pMethods->xTruncate(log, keep);
}
