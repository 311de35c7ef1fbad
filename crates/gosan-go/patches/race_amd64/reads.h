#define UNLIKE(record)	TESTL	$0x2fffffff, record	// a read or a write
#define KNOWN	48
#define NOTED_BY(note)	// several may read a word by turns
#define RECORD	0
